export function TaskView(_props: { readonly id?: string }) {
  return <p>…</p>;
}
