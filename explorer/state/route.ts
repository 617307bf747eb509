/** Where the page is: the path after # and the query after ?, which together are a permalink. */
export interface Route {
  readonly page: string;
  /** What follows the page's name, e.g. a hash. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/** Reads location.hash: "#/round/7?candidate=1". */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/");
  return { page: page || "overview", key: safeDecode(rest.join("/")), query: new URLSearchParams(query) };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A link to a page with its state. */
export function linkTo(
  page: string,
  key?: string | number | bigint,
  query: Readonly<Record<string, string | number | bigint | null | undefined>> = {},
): string {
  const pairs = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  const path = key === undefined ? page : `${page}/${encodeURIComponent(String(key))}`;
  return `#/${path}${search ? `?${search}` : ""}`;
}

/** The same page with other values in its query. */
export function withQuery(route: Route, change: Readonly<Record<string, string | number | null>>): string {
  const query = { ...Object.fromEntries(route.query), ...change };
  return linkTo(route.page, route.key || undefined, query);
}
