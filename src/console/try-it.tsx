export function TryView(_props: { readonly id?: string }) {
  return <p>…</p>;
}
