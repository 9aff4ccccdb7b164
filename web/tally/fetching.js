// Questions to Tally's routes, and what may go wrong with them.

import { parseJson } from "./amounts.js";

/** Longer than any answer of the server's takes; nginx gives up after 12 s. */
const PATIENCE = 30_000;

/** Why there is no answer. `kind` is one of those that faults.js tells the reader about; `wait`, in seconds, is what the server asks for. */
export class Fault extends Error {
  constructor(kind, { status = 0, wait = null, message = "" } = {}) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.wait = wait;
  }
}

const KINDS = {
  400: "question",
  401: "login",
  403: "forbidden",
  404: "missing",
  429: "limited",
  502: "unavailable",
  503: "unavailable",
  504: "slow",
};

/** What passes by itself; the rest waits for the reader. */
const PASSING = ["limited", "unavailable", "network", "server"];
const [FIRST_WAIT, LONGEST_WAIT] = [5, 60];

/**
 * Seconds until what failed may be asked again, longer after each failure where the server does not say when; 0: not by
 * itself. A query past its time would only take the time of others again.
 */
export function waitAfter(problem, failures) {
  if (!(problem instanceof Fault) || !PASSING.includes(problem.kind)) {
    return 0;
  }
  return problem.wait ?? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);
}

async function faultOf(response) {
  let message = "";
  try {
    message = String((await response.json()).error ?? "");
  } catch {
    // An error of something on the way, which does not speak JSON.
  }
  const wait = Number(response.headers.get("Retry-After"));
  // Unlike the other 503 this one does not pass: the same question is too much the next time, too.
  const isTooLarge = response.status === 503 && message.includes("max_reply");
  return new Fault(isTooLarge ? "large" : (KINDS[response.status] ?? "server"), {
    status: response.status,
    wait: wait > 0 ? wait : null,
    message,
  });
}

let ahead = 0;

/** The server's time, in milliseconds since 1970, as far as a reply has told it. */
export function serverNow() {
  return Date.now() + ahead;
}

/** To the second, and never 0. */
function timeOf(response) {
  const at = Date.parse(response.headers.get("Date")) || Date.now();
  ahead = at - Date.now();
  return at;
}

/** Reads a body piece by piece. `progress` gets the share that is here, from 0 to 1, if the length is known. */
async function readText(response, progress) {
  const whole = Number(response.headers.get("Content-Length"));
  const decoder = new TextDecoder();
  let [read, text] = [0, ""];
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) {
      return text + decoder.decode();
    }
    read += value.length;
    text += decoder.decode(value, { stream: true });
    if (whole > 0) {
      progress(Math.min(1, read / whole));
    }
  }
}

/**
 * Asks a route of the site, by an address relative to the page.
 *
 * @param {string} route
 * @param {Object<string, *>} parameters  those that are "" or null are left out
 * @param {{signal?: AbortSignal, progress?: function(number)}} [options]
 * @returns {Promise<{data: *, at: number}>}  the reply, and the server's time of it
 * @throws {Fault}  or what the signal was aborted with
 */
export async function ask(route, parameters = {}, { signal, progress = () => {} } = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "" && value !== null));
  const address = String(query) === "" ? route : `${route}?${query}`;
  const limit = AbortSignal.timeout(PATIENCE);
  const ended = signal ? eitherOf(signal, limit) : limit;
  try {
    const response = await fetch(address, {
      signal: ended,
      cache: "no-store",
      headers: { Accept: "application/json" },
    });
    const at = timeOf(response);
    if (!response.ok) {
      throw await faultOf(response);
    }
    return { data: parseJson(await readText(response, progress)), at };
  } catch (problem) {
    signal?.throwIfAborted();
    throw asFault(problem, limit.aborted);
  }
}

function asFault(problem, late) {
  if (problem instanceof Fault) {
    return problem;
  }
  if (late) {
    return new Fault("slow");
  }
  return new Fault(problem instanceof SyntaxError ? "server" : "network", { message: String(problem.message) });
}

function eitherOf(...signals) {
  const controller = new AbortController();
  for (const signal of signals) {
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    if (signal.aborted) {
      controller.abort(signal.reason);
    }
  }
  return controller.signal;
}
