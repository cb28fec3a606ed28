package questiontopic

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

// The metadata that tells who asks. Questions that differ in nothing else share a call.
const (
	requestIDKey   = "x-request-id"
	traceparentKey = "traceparent"
	tracestateKey  = "tracestate"
)

// A shared call names at most so many callers, and its metadata keeps to so many bytes, because the server reads 8 KiB.
// The rest is for the token and for gRPC's own headers.
const (
	maxCallers       = 32
	maxMetadataBytes = 6 << 10
)

// maxRequestID is the length of the longest request id that the server accepts. A traceparent is shorter.
const maxRequestID = 128

// takeIdentity moves what tells who asks from the metadata of a question to the question. A caller whose span does not
// record is in a trace, too, which the server must know of.
func (q *question) takeIdentity(ctx context.Context, outgoing metadata.MD) {
	for _, key := range [...]string{requestIDKey, traceparentKey, tracestateKey} {
		if values, found := outgoing[key]; found {
			q.identify(key, values)
			delete(outgoing, key)
		}
	}
	if q.wait == nil && q.identity[traceparentKey] == nil && trace.SpanContextFromContext(ctx).IsValid() {
		for key, value := range traceContext(ctx) {
			q.identify(key, []string{value})
		}
	}
}

func (q *question) identify(key string, values []string) {
	if q.identity == nil {
		q.identity = metadata.MD{}
	}
	q.identity[key] = values
}

// withIdentities adds to the metadata that questions have in common who asks them. It may return common itself.
//
// A shared call has the traceparent of the first caller alone: W3C allows one, and of several the server's gRPC keeps the
// last. It has no tracestate.
func withIdentities(common metadata.MD, questions []*question) metadata.MD {
	if len(questions) == 1 {
		return join(common, questions[0].identity)
	}
	shared, free := metadata.MD{}, maxMetadataBytes
	for key, values := range common {
		for _, value := range values {
			free -= headerBytes(key, value)
		}
	}
	add := func(key, value string) {
		size := headerBytes(key, value)
		if size <= free && isUsable(value) && !slices.Contains(shared[key], value) {
			shared[key] = append(shared[key], value)
			free -= size
		}
	}
	for _, asked := range questions[:min(len(questions), maxCallers)] {
		for _, value := range asked.identity[requestIDKey] {
			add(requestIDKey, value)
		}
		for _, value := range asked.identity[traceparentKey] {
			if shared[traceparentKey] == nil {
				add(traceparentKey, value)
			}
		}
	}
	return join(common, shared)
}

func join(common, identity metadata.MD) metadata.MD {
	if len(identity) == 0 {
		return common
	}
	return metadata.Join(common, identity)
}

// headerBytes is the size of a header as RFC 9113, section 6.5.2, counts it.
func headerBytes(key, value string) int {
	return len(key) + len(value) + 32
}

// isUsable reports whether the server accepts a value. gRPC would fail the whole call for some of the others.
func isUsable(value string) bool {
	return value != "" && len(value) <= maxRequestID &&
		strings.IndexFunc(value, func(r rune) bool { return r < '!' || r > '~' }) < 0
}
