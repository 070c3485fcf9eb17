// The parent process of one embedded PostgreSQL: it lives exactly as long as its stdin, a pipe from the process that wants the server.
// When that pipe closes, for whatever reason (exit, crash, kill -9, Ctrl-C), it stops the server and removes its folders.
// It must never outlive the server, never signal a process by name, and never depend on anything but Node itself.
//
// argv[2]: JSON {folders, log, uid?, gid?, env}. Commands, one JSON per stdin line: {run: [file, args]} (initdb), {serve: [file, args]}, {stop: true}.
// Answers, one JSON per stdout line: {ran: exitCode, output}, {serving: pid}, {ended: exitCode}.
import { spawn } from "node:child_process";
import { openSync, closeSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";

const { folders, log, uid, gid, env } = JSON.parse(process.argv[2]);
const identity = uid === undefined ? {} : { uid, gid };
let child;
let closing = false;

// The starter may be gone: an answer nobody reads must not kill the guard before it has cleaned up.
process.stdout.on("error", () => {});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void close());

const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

function run(file, args) {
  let output = "";
  child = spawn(file, args, {
    ...identity,
    env,
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const collect = (chunk) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  watch(child, (code) => answer({ ran: code, output }));
}

function serve(file, args) {
  const fd = openSync(log, "a");
  child = spawn(file, args, {
    ...identity,
    env,
    cwd: "/",
    stdio: ["ignore", fd, fd],
  });
  closeSync(fd);
  if (child.pid !== undefined) answer({ serving: child.pid });
  watch(child, (code) => answer({ ended: code }));
}

function watch(started, ended) {
  started.finished = new Promise((resolve) => {
    started.once("error", (error) => {
      if (started.pid === undefined) ended(String(error));
      resolve();
    });
    started.once("close", (code, signal) => {
      if (child === started) child = undefined;
      ended(code ?? signal);
      resolve();
    });
  });
}

// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one; SIGKILL only when both were ignored.
async function close() {
  if (closing) return;
  closing = true;
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"]) {
    const running = child;
    if (running === undefined || running.pid === undefined) break;
    running.kill(signal);
    let timer;
    await Promise.race([
      running.finished,
      new Promise((resolve) => {
        timer = setTimeout(resolve, 4_000);
      }),
    ]);
    clearTimeout(timer);
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  process.exit(0);
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (closing) return;
    const command = JSON.parse(line);
    if (command.run) run(...command.run);
    else if (command.serve) serve(...command.serve);
    else void close();
  })
  .on("close", () => void close());
process.stdin.on("error", () => void close());
