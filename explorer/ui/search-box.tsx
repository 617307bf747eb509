import { useEffect, useRef, useState } from "preact/hooks";
import { linkTo } from "../state/route.ts";
import { type SearchResult, search } from "../state/search.ts";
import type { App } from "./app-context.tsx";
import { Icon } from "./icon.tsx";

/** One box for everything; "/" puts the cursor in it, Escape leaves it. */
export function SearchBox({ app }: { app: App | null }) {
  const box = useRef<HTMLInputElement>(null);
  const [result, setResult] = useState<SearchResult | null>(null);
  useSlashKey(box);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!app) return setResult({ found: [], hint: "There is no chain to search: the node does not answer." });
    const text = box.current!.value;
    const answer = await search(text, app.federation, app.view).catch((error: Error) => ({
      found: [],
      hint: error.message,
    }));
    setResult(answer.found.length === 1 ? null : answer);
    if (answer.found.length !== 1) return;
    location.hash = answer.found[0]!.link;
    box.current!.value = "";
    box.current!.blur();
  };
  const close = () => setResult(null);
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <Icon name="search" />
        <input
          ref={box}
          type="search"
          aria-label="search for a hash, block, round, address, label or CID"
          placeholder="hash, block, round, address, label, CID"
          autocomplete="off"
          spellcheck={false}
          onInput={close}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            close();
            box.current?.blur();
          }}
        />
        <kbd title="press / to search">/</kbd>
        {result ? <Results result={result} close={close} text={box.current?.value ?? ""} /> : null}
      </form>
    </search>
  );
}

function Results({ result, close, text }: { result: SearchResult; close: () => void; text: string }) {
  return (
    <div class="results" role="status">
      {result.found.length === 0 ? <p>{result.hint}</p> : null}
      {result.found.map(({ what, link }) => (
        <a key={link + what} href={link} onClick={close}>
          {what}
        </a>
      ))}
      {result.found.length > 0 ? (
        <a class="dim" href={linkTo("search", undefined, { q: text })} onClick={close}>
          link to this search
        </a>
      ) : null}
    </div>
  );
}

function useSlashKey(box: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as Element).tagName);
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
