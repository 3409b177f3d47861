export function WebhookView(_props: { readonly id?: string }) {
  return <p>…</p>;
}
