import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { EMPTY_VIEW, type FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import { timeIn } from "../../coordinator/protocol/views/queries.ts";
import type { Federation } from "../chain/federation.ts";
import type { History } from "../chain/history.ts";
import { type Label, labelsOf } from "../state/labels.ts";
import type { Route } from "../state/route.ts";
import type { AppState } from "../state/store.ts";

/** What every page gets: a connected federation and what was read of it. */
export interface App {
  readonly state: AppState;
  readonly route: Route;
  readonly federation: Federation;
  readonly history: History;
  /** The whole history, or as much as is there. */
  readonly view: FederationView;
  /** False while older events are still being read. */
  readonly complete: boolean;
  /** Time to measure ages against: that of the next block. */
  readonly now: number;
  /** Time to measure deadlines against: the same, but it stands still while the federation is paused. */
  readonly time: number;
  label(address: string): Label | undefined;
}

const Context = createContext<App | null>(null);
export const AppProvider = Context.Provider;

export function useApp(): App {
  return useContext(Context)!;
}

/** The pages' surroundings from the state; null until a federation is found. */
export function appOf(state: AppState, route: Route): App | null {
  const { federation, history, view, glimpse } = state;
  if (!federation || !history) return null;
  const labels = labelsOf(federation, view);
  const known = view ?? glimpse ?? EMPTY_VIEW;
  return {
    state,
    route,
    federation,
    history,
    view: known,
    complete: view !== null,
    now: state.blockTime,
    time: timeIn(known, state.blockTime),
    label: (address: string | Hex) => labels.get(address.toLowerCase()),
  };
}

/** What a page waits for. */
export type Loaded<T> =
  | { readonly value: T; readonly error: null; readonly loading: boolean }
  | { readonly value: null; readonly error: Error | null; readonly loading: boolean };

/** Loads when `keys` change; keeps showing the old value meanwhile if only the chain moved on. */
export function useLoad<T>(load: () => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: null, loading: true });
  useEffect(() => {
    let current = true;
    setState((before) => ({ ...before, loading: true }) as Loaded<T>);
    load().then(
      (value) => current && setState({ value, error: null, loading: false }),
      (error: Error) => current && setState({ value: null, error, loading: false }),
    );
    return () => {
      current = false;
    };
  }, keys);
  return state;
}
