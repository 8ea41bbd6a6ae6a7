/** Nothing here yet. */
export default function Page() {
  return <p>There is nothing here yet.</p>;
}
