// The calls of the contract, as JSON. A failed call throws a ServerError.

const SERVICE = "questiontopic.v1.TopicService/";

export class ServerError extends Error {
  // code is connect's name of the gRPC code. fields are the wrong fields of the request. seconds is how long to wait.
  constructor(code, message, fields = [], seconds = 0) {
    super(message);
    Object.assign(this, { code, fields, seconds });
  }

  // True if the same call can succeed later.
  get passing() {
    return this.code === "unavailable" || this.code === "resource_exhausted" || this.code === "deadline_exceeded";
  }
}

// models returns the names of the models, the default first. It is empty if the gateway has one and does not know its name.
export async function models() {
  const answer = await send("models", {});
  return answer.models;
}

// describe returns a model with its labels and limits. An empty name stands for the default.
export function describe(model) {
  return call("DescribeModel", { model });
}

// predict returns one prediction for each text. asked has the name of the model, and the level: COARSE or BOTH.
export async function predict(texts, asked, signal) {
  const request = { texts, labelLevel: `LABEL_LEVEL_${asked.level}`, model: asked.model };
  const answer = await call("PredictTopic", request, signal);
  return answer.predictions;
}

function call(method, request, signal) {
  const headers = { "Content-Type": "application/json" };
  return send(SERVICE + method, { method: "POST", headers, body: JSON.stringify(request), signal });
}

async function send(path, request) {
  const { signal } = request;
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError("unavailable", "The gateway cannot be reached. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw failure(response, body);
}

function failure(response, body) {
  const { code = "unknown", message = `the gateway answered with the status ${response.status}`, details = [] } = body;
  const fields = details.flatMap((detail) => detail.debug?.fieldViolations ?? []);
  const seconds = Number(response.headers.get("Retry-After")) || 0;
  if (code === "unavailable") return new ServerError(code, "The server is away. Try again in a moment.", fields, seconds);
  if (code === "resource_exhausted" && seconds) {
    return new ServerError(code, `The server is busy. Try again in ${seconds} s.`, fields, seconds);
  }
  return new ServerError(code, `No answer: ${message}`, fields, seconds);
}
