/** The public data model of PR2, field for field, and the trace events of PR5. */

export type PermissionLevel = "L0" | "L1" | "L2" | "L3" | "L4" | "L5";

export interface Permission {
  level: PermissionLevel;
  scope: string;
  description?: string;
}

export interface Artifact {
  id: string;
  name: string;
  type: "file" | "code" | "document" | "data";
  uri: string;
  checksum?: string;
  createdAt: string;
}

export interface Session {
  id: string;
  userId: string;
  config?: Record<string, unknown>;
  budget?: { tokensLimit: number; timeLimitMs: number };
}

export interface AgentDefinition {
  id: string;
  name: string;
  role: string;
  model: string;
  instructions: string;
  tools: string[];
  permissions: Permission[];
  memoryScope: "none" | "session" | "project" | "global";
}

export interface Task {
  id: string;
  parentId?: string;
  sessionId: string;
  assignedAgent?: string;
  goal: string;
  status: "pending" | "running" | "blocked" | "done" | "failed" | "cancelled";
  input: unknown;
  output?: unknown;
  artifacts?: Artifact[];
  createdAt: string;
  updatedAt: string;
}

export interface TraceEvent {
  id: string;
  runId: string;
  sessionId: string;
  taskId?: string;
  actor: string;
  type: string;
  payload: unknown;
  timestamp: string;
}

/** PR5: what tools that follow agents expect; a projection of our events, see `mission/trace.ts`. */
export interface AgentEvent {
  id: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  sessionId: string;
  runId: string;
  taskId?: string;
  actor: string;
  type: string;
  payload: unknown;
  timestamp: string;
  schemaVersion: number;
}
