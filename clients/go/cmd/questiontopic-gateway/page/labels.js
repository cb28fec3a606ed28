// The labels of many questions: a few calls at the same time, each of some questions, in the order of the questions.

import { predict, ServerError } from "./server.js";

const TEXTS_PER_CALL = 64;
const CALLS = 4;
const ATTEMPTS = 8;

// Labels are the labels of a list of questions, and their numbers. A label is a prediction, or the text of an error.
export class Labels {
  constructor(questions) {
    Object.assign(this, { questions, found: new Array(questions.length), done: 0, failed: 0 });
  }

  set(i, label) {
    this.found[i] = label;
    this.done++;
    if (typeof label === "string") this.failed++;
  }

  // fill labels each question that has no label yet. So a second run goes on where the first one ended. It throws if the
  // server stays away or if signal ends the run.
  async fill(asked, signal, progress) {
    const missing = [];
    for (const [i, question] of this.questions.entries()) {
      if (this.found[i] !== undefined) continue;
      if (question.trim() === "") this.set(i, "blank");
      else missing.push(i);
    }
    let next = 0;
    const worker = async () => {
      while (next < missing.length) {
        await this.#fillCall(missing.slice(next, (next += TEXTS_PER_CALL)), asked, signal);
        progress();
      }
    };
    await Promise.all(Array.from({ length: CALLS }, worker));
  }

  // fillCall labels the questions of one call. A question that the server refuses gets the reason as its label, and the
  // others are asked again.
  async #fillCall(call, asked, signal) {
    while (call.length > 0) {
      try {
        const texts = call.map((i) => this.questions[i]);
        const predictions = await patiently(() => predict(texts, asked, signal), signal);
        call.forEach((i, at) => this.set(i, predictions[at]));
        return;
      } catch (error) {
        const refused = error instanceof ServerError ? refusedTexts(error) : new Map();
        if (refused.size === 0) throw error;
        for (const [at, reason] of refused) this.set(call[at], reason);
        call = call.filter((_, at) => !refused.has(at));
      }
    }
  }
}

// refusedTexts returns the reasons of the texts that an error names, by their place in the call.
function refusedTexts(error) {
  const refused = new Map();
  for (const { field, description } of error.fields) {
    const match = /^texts\[(\d+)\]$/.exec(field);
    if (match) refused.set(Number(match[1]), description);
  }
  return refused;
}

// patiently repeats a call that can succeed later, with growing pauses.
async function patiently(call, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!error.passing || attempt === ATTEMPTS) throw error;
      const pause = Math.max(error.seconds, Math.min(5, 0.25 * 2 ** attempt) * (0.5 + Math.random() / 2));
      await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
      signal.throwIfAborted();
    }
  }
}
