/** Where every thread of the store starts; what it becomes is in its setup. Imports little, so that it starts soon. */
import { parentPort, workerData } from "node:worker_threads";
import { runBackup } from "./backup.ts";
import { databaseFile } from "./database.ts";
import { storeErrorOf } from "./errors.ts";
import { Heart } from "./heart.ts";
import type { Reply, Request, WorkerSetup } from "./messages.ts";
import { Port } from "./port.ts";
import { Watcher } from "./watcher.ts";
import { failure, Writer } from "./writer.ts";

/** What a thread is, by its role: it answers requests until it is closed. */
function start(setup: WorkerSetup, port: Port): void {
  const opened: Reply = { id: 0, answer: undefined };
  if (setup.role === "writer") {
    const writer = new Writer(setup, port);
    port.reply([opened]);
    return port.listenBlocking(
      (request) => writer.run(request),
      () => writer.close(),
    );
  }
  const servant =
    setup.role === "watcher"
      ? new Watcher(setup, port)
      : setup.role === "heartbeats"
        ? new Heart(setup)
        : runBackup(setup);
  port.reply([opened]);
  const handle = (request: Request): void => {
    try {
      port.reply([{ id: request.id, answer: servant.handle(request) }]);
    } catch (error) {
      port.reply([failure(request, storeErrorOf(error, databaseFile(setup.directory)))]);
    }
  };
  port.listen(handle, () => servant.close());
}

function main(setup: WorkerSetup, port: Port): void {
  try {
    start(setup, port);
  } catch (error) {
    port.reply([failure({ id: 0 }, storeErrorOf(error, databaseFile(setup.directory)))]);
    port.abandon();
  }
}

if (parentPort !== null) {
  const setup = workerData as WorkerSetup;
  main(setup, new Port(parentPort, setup.bell));
}
