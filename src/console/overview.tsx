export function OverviewView(_props: { readonly id?: string }) {
  return <p>…</p>;
}
