export default function NotFound() {
  return (
    <main className="whole-page" aria-label="Not found">
      <h1>There is no page here</h1>
      <p className="t2">The address is wrong, or the page does not exist in this version.</p>
      <p>
        <a href="/">Go to the live page</a>
      </p>
    </main>
  )
}
