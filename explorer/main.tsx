import { render } from "preact";
import { createRpc } from "./chain/rpc.ts";
import { follow } from "./state/follow.ts";
import { createStore } from "./state/store.ts";
import { applyTheme } from "./state/theme.ts";
import { Shell } from "./ui/shell.tsx";

applyTheme();
const store = createStore();
const place = document.getElementById("app")!;
place.replaceChildren();
render(<Shell store={store} />, place);
void follow(createRpc(), store);
