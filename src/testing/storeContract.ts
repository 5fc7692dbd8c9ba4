/**
 * What every store promises, as cases that know no test runner: run each with a function that opens
 * an empty store. A case throws where the promise is broken.
 */
import type { Store } from "../stores/store.ts";
import { blobCases } from "./storeContractBlobs.ts";
import { changesCases } from "./storeContractChanges.ts";
import { leaseCases } from "./storeContractLeases.ts";
import { logCases } from "./storeContractLog.ts";
import { projectionCases } from "./storeContractProjections.ts";

export interface StoreCase {
  /** The sentence it protects. */
  name: string;
  run: (createStore: () => Promise<Store>) => Promise<void>;
}

export function storeContract(): StoreCase[] {
  const all = { ...logCases, ...leaseCases, ...changesCases, ...blobCases, ...projectionCases };
  return Object.entries(all).map(([name, check]) => ({
    name,
    async run(createStore) {
      const store = await createStore();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    },
  }));
}
