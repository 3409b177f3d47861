export function KeysView(_props: { readonly id?: string }) {
  return <p>…</p>;
}
