/** The environments of worlds without dependencies: every seal is found at once and shows nothing. */
import type { Environments } from "../ports/environment.ts";

export const noEnvironments: Environments = {
  seal: async () => ({
    environment: { key: "none", built: false, durationMs: 0 },
    mounts: [],
    output: new Uint8Array(),
  }),
};
