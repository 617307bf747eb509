import { search } from "../state/search.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Title } from "../ui/layout.tsx";

/** What a search found, as a page of its own: searches can be linked to. */
export function SearchPage() {
  const { route } = useApp();
  const text = route.query.get("q") ?? route.key;
  return <Results key={text} text={text} />;
}

function Results({ text }: { text: string }) {
  const { federation, view, complete } = useApp();
  const result = useLoad(() => search(text, federation, view), [text, complete]);
  return (
    <>
      <Title>Search</Title>
      <Card title={`“${text}”`}>
        <Await of={result}>
          {({ found, hint }) =>
            found.length === 0 ? (
              <p class="notice">{hint}</p>
            ) : (
              <ul class="found">
                {found.map(({ what, link }) => (
                  <li key={link + what}>
                    <a href={link}>{what}</a>
                  </li>
                ))}
              </ul>
            )
          }
        </Await>
      </Card>
    </>
  );
}
