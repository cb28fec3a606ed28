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

// describe returns the loaded model with its labels and limits.
export function describe() {
  return call("DescribeModel", {});
}

// predict returns one prediction for each text. level is COARSE or BOTH.
export async function predict(texts, level, signal) {
  const answer = await call("PredictTopic", { texts, labelLevel: `LABEL_LEVEL_${level}` }, signal);
  return answer.predictions;
}

async function call(method, request, signal) {
  let response;
  try {
    response = await fetch(SERVICE + method, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
      signal,
    });
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
