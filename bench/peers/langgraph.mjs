/**
 * LangGraph.js with its SQLite saver, as a process that takes as many steps as each line of its standard
 * input says and answers with the milliseconds. One node that adds one, a checkpoint after each step that is
 * durable before the next begins, `synchronous=FULL`: what a step of Houston's promises too.
 */
import { createInterface } from "node:readline";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const [, , file] = process.argv;
const saver = SqliteSaver.fromConnString(file);
saver.db.pragma("journal_mode = WAL");
saver.db.pragma("synchronous = FULL");
if (saver.db.pragma("synchronous", { simple: true }) !== 2) throw new Error("synchronous is not FULL");

const State = Annotation.Root({ taken: Annotation(), until: Annotation() });
const graph = new StateGraph(State)
  .addNode("walk", ({ taken }) => ({ taken: taken + 1 }))
  .addEdge(START, "walk")
  .addConditionalEdges("walk", ({ taken, until }) => (taken < until ? "walk" : END))
  .compile({ checkpointer: saver });

let thread = 0;
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const until = Number(line);
  thread += 1;
  const config = {
    configurable: { thread_id: `walk-${thread}` },
    recursionLimit: until + 10,
    durability: "sync",
  };
  const start = performance.now();
  const { taken } = await graph.invoke({ taken: 0, until }, config);
  const tookMs = performance.now() - start;
  if (taken !== until) throw new Error(`took ${String(taken)} of ${until} steps`);
  console.log(tookMs);
}
