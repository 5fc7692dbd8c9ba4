// The cases of design/security.md that the box answers for, with real jails. Where bubblewrap is missing these
// fail, with the command that installs it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JailExit, JailRequest } from "../ports/sandbox.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import { identify } from "./tree.ts";

const sandbox = createBubblewrap({ graceMs: 300 });
const folders: string[] = [];
let workspace: string;

async function folder(parent = tmpdir()): Promise<string> {
  const made = await realpath(await mkdtemp(join(parent, "houston-jail-")));
  folders.push(made);
  return made;
}

interface Ran {
  exit: JailExit;
  out: string;
  err: string;
}

const request = (argv: string[], change: Partial<JailRequest> = {}): JailRequest => ({
  argv,
  cwd: workspace,
  writable: [workspace],
  readOnly: [],
  env: {},
  stdin: new Uint8Array(),
  signal: new AbortController().signal,
  ...change,
});

async function run(argv: string[], change: Partial<JailRequest> = {}, box = sandbox): Promise<Ran> {
  const jail = await box.spawn(request(argv, change));
  const [out, err, exit] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
  return { exit, out, err };
}

const sh = async (script: string, change: Partial<JailRequest> = {}): Promise<Ran> =>
  await run(["sh", "-c", script], change);

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Resolves with the first line printed; the rest stays to be read. */
async function firstLine(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let seen = "";
  for await (const chunk of chunks) {
    seen += Buffer.from(chunk).toString("utf8");
    if (seen.includes("\n")) break;
  }
  return seen.split("\n")[0] ?? "";
}

beforeAll(async () => {
  const report = await sandbox.probe();
  if (!report.ok) throw new Error(`these tests need the box: ${report.detail}`);
  workspace = await folder();
  await sandbox.adopt(workspace);
});

afterAll(async () => {
  for (const path of folders) await rm(path, { recursive: true, force: true });
});

describe("a jailed program", () => {
  test("is never uid 0 and cannot write the host's kernel settings (case 1)", async () => {
    const { out } = await sh(
      "id -u; for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do : >>$f; done",
    );
    expect(out).toBe("61234\n");
    const { err, exit } = await sh("echo x >/proc/sys/kernel/core_pattern");
    expect(exit.code).not.toBe(0);
    expect(err).toMatch(/read-only|permission denied/i);
  });

  test("runs under an account of the host that is not root", async () => {
    const { out } = await sh("echo x >owned; stat -c %u owned");
    expect(out).toBe("61234\n");
    const hostUid = process.getuid?.() === 0 ? 61_234 : process.getuid?.();
    expect((await stat(join(workspace, "owned"))).uid).toBe(hostUid);
  });

  test("sees no environment but what it was given (case 2)", async () => {
    process.env["HOUSTON_TEST_SECRET"] = "swordfish";
    try {
      const { out } = await sh("cat /proc/*/environ | tr '\\0' '\\n'; env", { env: { GIVEN: "yes" } });
      expect(out).not.toContain("swordfish");
      const names = out.split("\n").flatMap((line) => (line === "" ? [] : [line.split("=")[0]]));
      expect(new Set(names)).toEqual(new Set(["GIVEN", "HOME", "PATH", "PWD", "TMPDIR"]));
    } finally {
      delete process.env["HOUSTON_TEST_SECRET"];
    }
  });

  test("shows neither its environment nor its paths in the host's process list", async () => {
    const stop = new AbortController();
    const jail = await sandbox.spawn(
      request(["sleep", "60"], { env: { TOKEN: "swordfish" }, signal: stop.signal }),
    );
    const shown = readFileSync(`/proc/${String(jail.pid)}/cmdline`, "latin1");
    expect(shown).toContain("sleep");
    expect(shown).not.toContain("swordfish");
    stop.abort();
    await jail.exit;
  });
});

describe("the walls of a jail", () => {
  test("finds every descriptor but stdio closed (case 3)", async () => {
    const { out } = await sh(
      "for fd in 3 4 5 6 7 8 9; do (: <&$fd) 2>/dev/null && echo open $fd; done; true",
    );
    expect(out).toBe("");
    const listed = await run([
      "node",
      "-e",
      "for (let i = 10; i < 1024; i++) try { console.log(i, fs.readlinkSync('/proc/self/fd/' + i)) } catch {}",
    ]);
    const foreign = listed.out.split("\n").filter((line) => /^\d+ \/(?!dev\/null$|proc\/)/.test(line));
    expect(foreign).toEqual([]);
  });

  test("cannot make namespaces, mount or trace (case 9)", async () => {
    for (const attempt of [
      "unshare --user true",
      "unshare --mount true",
      "mount -t tmpfs none /tmp",
      "umount /proc/sys",
    ]) {
      const { exit } = await sh(attempt);
      expect(exit.code, attempt).not.toBe(0);
    }
    const { out } = await sh("grep -E '^Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status");
    expect(out.match(/0{16}/g)).toHaveLength(2);
    expect(out).toMatch(/NoNewPrivs:\s*1/);
  });

  test("has no network and no name resolution, but a loopback of its own (case 25)", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const script = `
      const net = require("node:net"), dns = require("node:dns/promises");
      const connect = (port) => new Promise((done) => net.connect(port, "127.0.0.1", () => done("open")).on("error", (e) => done(e.code)));
      const own = net.createServer().listen(0, "localhost", async () => {
        console.log(await connect(${String(port)}), await connect(own.address().port), await dns.lookup("example.com").catch((e) => e.code));
        process.exit(0);
      });`;
    const { out } = await run(["node", "-e", script]);
    server.close();
    expect(out).toMatch(/^ECONNREFUSED open EAI_AGAIN|^ECONNREFUSED open ENOTFOUND/);
    expect((await sh("ls /run /var 2>&1; cat /proc/net/unix | tail -n +2")).out).not.toMatch(
      /docker|postgres|systemd/,
    );
  });

  test("sees of the host only the system, and its own files (case 8, 16)", async () => {
    const { out } = await sh("ls / ; ls /etc; ls /home");
    const names = out.trim().split("\n");
    expect(names).not.toContain("run");
    expect(names).not.toContain("var");
    expect(names).not.toContain("shadow");
    expect(names).toContain("agent");
    await symlink("/etc/shadow", join(workspace, "link"));
    expect((await sh("cat link")).exit.code).not.toBe(0);
    expect((await sh("whoami; ls -A ~ /tmp | grep -v :")).out).toMatch(/^agent\n/);
  });
});

describe("files", () => {
  test("only what was asked for is writable", async () => {
    const readOnly = await folder();
    await chmod(readOnly, 0o755);
    await writeFile(join(readOnly, "given"), "text");
    const { out } = await sh(
      `for f in /x /usr/x /etc/x /dev/x /home/x ${readOnly}/x ${readOnly}/given /proc/self/oom_score; do (: >>$f) 2>/dev/null && echo $f; done; cat ${readOnly}/given; echo y >in && echo z >/tmp/z && echo w >~/w && cat in`,
      { readOnly: [readOnly] },
    );
    expect(out).toBe("texty\n");
    expect(existsSync(join(workspace, "in"))).toBe(true);
    expect(existsSync("/tmp/z")).toBe(false);
  });

  test("a read-only path inside the workspace stays read-only", async () => {
    await mkdir(join(workspace, "sealed"));
    await sandbox.adopt(workspace);
    const { exit } = await sh("touch open && touch sealed/x", { readOnly: [join(workspace, "sealed")] });
    expect(exit.code).not.toBe(0);
    expect(existsSync(join(workspace, "open"))).toBe(true);
  });

  test("works where only the runner can walk: under its own home, and in closed folders", async () => {
    const hidden = await folder(homedir());
    const [inner, script] = [join(hidden, "it's a, workspace:1"), join(hidden, "agent")];
    await mkdir(inner);
    await mkdir(script, { mode: 0o700 });
    await writeFile(join(script, "run.sh"), "echo ran; cat ${0%/*}/beside; touch here");
    await writeFile(join(script, "beside"), "beside\n");
    await sandbox.adopt(inner);
    const { out, err } = await run(["sh", join(script, "run.sh")], {
      cwd: inner,
      writable: [inner],
      readOnly: [script],
    });
    expect(err).toBe("");
    expect(out).toBe("ran\nbeside\n");
    expect(await readdir(inner)).toEqual(["here"]);
    expect((await run(["cat", join(script, "beside")], { readOnly: [join(script, "beside")] })).out).toBe(
      "beside\n",
    );
    const seen = await run(["sh", "-c", "cat /proc/1/environ; ls /sys; find / -xdev -path '*sys/0*'"], {
      cwd: inner,
      writable: [inner],
    });
    expect(seen.out).toBe("");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain("houston");
  });
});

describe("what may be bound", () => {
  test("a request that would widen the box is refused, by segment and after resolving links (case 15, 18)", async () => {
    const link = join(await folder(), "link");
    await symlink("/etc", link);
    const cases: [Partial<JailRequest>, string][] = [
      [{ writable: ["/"], cwd: "/" }, "refused"],
      [{ writable: ["/etc"], cwd: "/etc" }, "refused"],
      [{ writable: ["/usr/local"], cwd: "/usr/local" }, "refused"],
      [{ writable: [link], cwd: link }, "refused"],
      [{ writable: [join(workspace, "..", "..", "etc")] }, "refused"],
      [{ readOnly: ["/proc"] }, "refused"],
      [{ readOnly: ["/tmp"] }, "refused"],
      [{ readOnly: ["/nonesuch"] }, "invalid"],
      [{ readOnly: ["relative"] }, "invalid"],
      [{ cwd: `${workspace}-evil` }, "invalid"],
      [{ cwd: join(workspace, "..") }, "invalid"],
      [{ argv: [] }, "invalid"],
    ];
    for (const [change, code] of cases) {
      await expect(run(["true"], change), JSON.stringify(change)).rejects.toMatchObject({
        name: "SandboxError",
        code,
      });
    }
  });

  test.runIf(process.getuid?.() === 0)(
    "a workspace that was not adopted is an error that says so",
    async () => {
      const closed = await folder();
      await expect(run(["true"], { cwd: closed, writable: [closed] })).rejects.toThrow(/adopt/);
    },
  );

  test.runIf(process.getuid?.() === 0)("adopting does not follow links", async () => {
    const [directory, outside] = [await folder(), await folder()];
    await symlink(outside, join(directory, "link"));
    await mkdir(join(directory, "deep"));
    await sandbox.adopt(directory);
    expect((await stat(outside)).uid).toBe(0);
    expect((await stat(join(directory, "deep"))).uid).toBe(61_234);
  });
});

describe("limits", () => {
  test("a fork bomb stays in its jail (case 5)", async () => {
    const small = createBubblewrap({ limits: { processes: 20 } });
    const { out, err } = await run(
      ["sh", "-c", "for i in $(seq 60); do sleep 60 & done; echo on"],
      {},
      small,
    );
    expect(`${out}${err}`).toMatch(/fork|resource/i);
  });

  test("a fork bomb does not keep the host from working, nor other jails (case 5)", async () => {
    const small = createBubblewrap({ graceMs: 100, limits: { processes: 50 } });
    const stop = new AbortController();
    const bomb = await small.spawn(
      request(["sh", "-c", "b() { b | b & }; echo up; b; sleep 60"], { signal: stop.signal }),
    );
    expect(await firstLine(bomb.stdout)).toBe("up");
    expect((await run(["echo", "other"], {}, small)).out).toBe("other\n");
    stop.abort();
    await bomb.exit;
  });

  test("who takes too much memory dies alone, before the host has none (case 6)", async () => {
    const small = createBubblewrap({ limits: { memorySizeBytes: 1_073_741_824 } });
    const hoard =
      "const all = []; for (let i = 0; i < 40; i++) all.push(Buffer.alloc(67108864, 1)); console.log('took it')";
    const script = `node -e "console.log('small')"; node -e "${hoard}" 2>/dev/null || echo died; cat /proc/self/oom_score_adj`;
    expect((await run(["sh", "-c", script], {}, small)).out).toBe("small\ndied\n1000\n");
  });

  test("temporary folders, shared memory and files are bounded (case 7)", async () => {
    const small = createBubblewrap({ limits: { temporarySizeBytes: 1_048_576, fileSizeBytes: 2_097_152 } });
    for (const file of ["/tmp/big", "/dev/shm/big", "/home/agent/big", "./big"]) {
      const { exit } = await run(["sh", "-c", `head -c 4000000 /dev/zero >${file}`], {}, small);
      expect(exit.code, file).not.toBe(0);
    }
    expect((await stat(join(workspace, "big"))).size).toBe(2_097_152);
  });
});

describe("input, output and the end", () => {
  test("standard input is delivered, and one that is not read does no harm", async () => {
    const stdin = Buffer.alloc(300_000, "x");
    expect((await sh("wc -c", { stdin })).out.trim()).toBe("300000");
    expect((await sh("exit 3", { stdin })).exit).toEqual({ code: 3, signal: null });
  });

  test("a large output streams at the reader's pace", async () => {
    const jail = await sandbox.spawn(request(["head", "-c", "30000000", "/dev/zero"]));
    let sizeBytes = 0;
    let isOver = false;
    void jail.exit.then(() => (isOver = true));
    for await (const chunk of jail.stdout) {
      if (sizeBytes === 0) expect(isOver).toBe(false);
      sizeBytes += chunk.length;
    }
    expect(sizeBytes).toBe(30_000_000);
    expect(await jail.exit).toEqual({ code: 0, signal: null });
  });

  test("its streams can be opened by name, as scripts do", async () => {
    const { out, err } = await sh("cat /dev/stdin >/dev/stdout; echo oh >/dev/stderr", {
      stdin: Buffer.from("in"),
    });
    expect([out, err]).toEqual(["in", "oh\n"]);
  });

  test("output waits for a reader who comes after the end", async () => {
    const jail = await sandbox.spawn(request(["sh", "-c", "echo late; echo later >&2"]));
    await jail.exit;
    expect([await text(jail.stdout), await text(jail.stderr)]).toEqual(["late\n", "later\n"]);
  });

  test("the pinned Node comes first, programs are found on the path, a missing one is 127", async () => {
    expect((await run(["node", "--version"])).out.trim()).toBe(process.version);
    expect((await run(["nonesuch"])).exit.code).toBe(127);
    expect((await run(["/usr/bin/env", "sh", "-c", "exit 42"])).exit.code).toBe(42);
  });
});

describe("ending a jail", () => {
  test("what a program leaves in the background is gone when it has ended", async () => {
    const duration = `8${String(process.pid).padStart(8, "0")}`;
    const script = `for i in $(seq 50); do setsid sleep ${duration} & done; echo left`;
    const jail = await sandbox.spawn(request(["sh", "-c", script]));
    expect(await jail.exit).toEqual({ code: 0, signal: null });
    const left = readdirSync("/proc").filter(
      (name) => /^\d+$/.test(name) && commandOf(name).includes(duration),
    );
    expect(left).toEqual([]);
    expect(await text(jail.stdout)).toBe("left\n");
  });

  test("aborting asks first", async () => {
    const stop = new AbortController();
    const jail = await sandbox.spawn(
      request(["sh", "-c", "trap 'echo asked; exit 7' TERM; echo up; while :; do sleep 0.01; done"], {
        signal: stop.signal,
      }),
    );
    let out = "";
    for await (const chunk of jail.stdout) {
      out += Buffer.from(chunk).toString("utf8");
      if (out === "up\n") stop.abort();
    }
    expect(out).toBe("up\nasked\n");
    expect(await jail.exit).toEqual({ code: 7, signal: null });
  });

  test("aborting ends the whole tree, deaf programs included", async () => {
    const stop = new AbortController();
    const jail = await sandbox.spawn(
      request(["sh", "-c", "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo up; sleep 1000' & wait"], {
        signal: stop.signal,
      }),
    );
    expect(await firstLine(jail.stdout)).toBe("up");
    stop.abort();
    expect(await jail.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(identify(jail.pid)).toBeUndefined();
  });

  test("an aborted request starts nothing", async () => {
    await expect(run(["true"], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "refused" });
    const racing = new AbortController();
    const started = run(["sh", "-c", "touch raced; sleep 1000"], { signal: racing.signal });
    racing.abort();
    await expect(started).rejects.toMatchObject({ name: "SandboxError" });
    expect(existsSync(join(workspace, "raced"))).toBe(false);
  });
});

describe("without the box", () => {
  test("everything fails closed and names the command that installs it (case 10)", async () => {
    const bare = createBubblewrap({ toolFolders: ["/nonesuch"] });
    const report = await bare.probe();
    expect(report.ok).toBe(false);
    expect(report.detail).toMatch(/bwrap is not installed: run `.+ bubblewrap` as root/);
    await expect(run(["touch", "outside"], {}, bare)).rejects.toMatchObject({ code: "missing" });
    expect(existsSync(join(workspace, "outside"))).toBe(false);
  });

  test("a bubblewrap that cannot make namespaces is missing too, and says what to do", async () => {
    const tools = await folder();
    await chmod(tools, 0o755);
    const broken = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n";
    for (const name of ["bwrap", "unshare", "setpriv"])
      await writeFile(join(tools, name), broken, { mode: 0o755 });
    const report = await createBubblewrap({ toolFolders: [tools] }).probe();
    expect(report.ok).toBe(false);
    expect(report.detail).toMatch(/sysctl -w|seccomp=unconfined/);
  });
});
