import { createMemoryJournal } from "../../../coordinator/adapters/journal/memory-journal.ts";
import { journalSuite } from "../../ports/journal.suite.ts";

journalSuite("the memory journal", async () => createMemoryJournal());
