/** `houston/testing`: doubles and laws as product, for those who embed Houston, write a store or change the law. */
export { Incarnation } from "./incarnation.ts";
export { Lab, lab } from "./lab.ts";
export { checkLaws, type Findings } from "./laws.ts";
export { Outside, type Tree } from "./outside.ts";
export { seededRandom, type Random } from "./random.ts";
export { scenario } from "./scenario.ts";
export { scriptedProgram, scriptedSteps, scriptedVerifier, type ScriptedWorld } from "./scriptedAgents.ts";
export {
  given,
  humanTask,
  missionOf,
  oneTask,
  stepwise,
  task,
  twoTasks,
  Course,
  type Answer,
  type Given,
} from "./specification.ts";
export { storeContract, type StoreCase } from "./storeContract.ts";
export { VirtualTime } from "./virtualTime.ts";
export { runWorld, type Acknowledged, type WorldEnd, type WorldOptions } from "./world.ts";
