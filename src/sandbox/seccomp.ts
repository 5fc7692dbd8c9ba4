/**
 * The filter of system calls that every jailed program runs under, as the program of classic BPF that the kernel
 * takes (see seccomp(2), `struct sock_filter`). The namespaces leave little to be had from these calls; the filter
 * is for the day when one of them has a hole in it. Denied is what looks into other processes, makes namespaces and
 * mounts, loads code into the kernel, or has been a way into it (bpf, io_uring, userfaultfd, keys).
 */

export interface Architecture {
  /** AUDIT_ARCH_* of linux/audit.h. */
  audit: number;
  /** Calls of other conventions have numbers from here on; they would pass under other names. */
  foreignFrom?: number;
  clone: number;
  denied: Readonly<Record<string, number>>;
}

const sinceNumbersAreShared = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_getfd: 438,
  mount_setattr: 442,
};
const clone3 = 435;

/** By `process.arch`. Numbers from asm/unistd_64.h and asm-generic/unistd.h. */
export const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000_003e,
    foreignFrom: 0x4000_0000,
    clone: 56,
    denied: {
      ptrace: 101,
      syslog: 103,
      pivot_root: 155,
      acct: 163,
      mount: 165,
      umount2: 166,
      swapon: 167,
      swapoff: 168,
      reboot: 169,
      init_module: 175,
      delete_module: 176,
      quotactl: 179,
      kexec_load: 246,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      unshare: 272,
      perf_event_open: 298,
      open_by_handle_at: 304,
      setns: 308,
      process_vm_readv: 310,
      process_vm_writev: 311,
      kcmp: 312,
      finit_module: 313,
      kexec_file_load: 320,
      bpf: 321,
      userfaultfd: 323,
      ...sinceNumbersAreShared,
    },
  },
  arm64: {
    audit: 0xc000_00b7,
    clone: 220,
    denied: {
      umount2: 39,
      mount: 40,
      pivot_root: 41,
      quotactl: 60,
      acct: 89,
      unshare: 97,
      kexec_load: 104,
      init_module: 105,
      delete_module: 106,
      syslog: 116,
      ptrace: 117,
      reboot: 142,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      swapon: 224,
      swapoff: 225,
      perf_event_open: 241,
      open_by_handle_at: 265,
      setns: 268,
      process_vm_readv: 270,
      process_vm_writev: 271,
      kcmp: 272,
      finit_module: 273,
      bpf: 280,
      userfaultfd: 282,
      kexec_file_load: 294,
      ...sinceNumbersAreShared,
    },
  },
};

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaces = 0x7e02_0000;

const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfAnySet = 0x45;
const answer = 0x06;

/** Places in `struct seccomp_data`; of an argument, the low half. */
const at = { number: 0, architecture: 4, firstArgument: 16 } as const;

const allow = 0x7fff_0000;
const refuseAs = (errno: number): number => 0x0005_0000 | errno;
const notPermitted = refuseAs(1);
/** Says that the kernel has no such call, so that a C library takes an older one. */
const notThere = refuseAs(38);

type Instruction = [code: number, value: number, ifTrue?: number, ifFalse?: number];

/** The filter for an architecture in Node's words; undefined for one whose calls we do not know. */
export function systemCallFilter(name: string = process.arch): Uint8Array | undefined {
  const architecture = architectures[name];
  if (architecture === undefined) return undefined;
  const { audit, foreignFrom, clone, denied } = architecture;
  const program: Instruction[] = [
    [load, at.architecture],
    [jumpIfEqual, audit, 1, 0],
    [answer, notPermitted],
    [load, at.number],
    ...(foreignFrom === undefined ? [] : when(jumpIfAtLeast, foreignFrom, notPermitted)),
    ...Object.values(denied).flatMap((number) => when(jumpIfEqual, number, notPermitted)),
    // Its flags lie in memory, which a filter cannot read.
    ...when(jumpIfEqual, clone3, notThere),
    [jumpIfEqual, clone, 0, 3],
    [load, at.firstArgument],
    ...when(jumpIfAnySet, newNamespaces, notPermitted),
    [answer, allow],
  ];
  return encode(program);
}

const when = (test: number, value: number, verdict: number): Instruction[] => [
  [test, value, 0, 1],
  [answer, verdict],
];

/** `struct sock_filter`: 16 bits of code, 8 of either jump, 32 of value; both architectures are little-endian. */
function encode(program: Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, value, ifTrue = 0, ifFalse = 0]] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, ifTrue);
    bytes.setUint8(index * 8 + 3, ifFalse);
    bytes.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(bytes.buffer);
}
