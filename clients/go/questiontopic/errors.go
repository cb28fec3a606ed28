package questiontopic

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// errorDomain is the domain of every ErrorInfo that the server sends; a proxy on the way may add its own.
const errorDomain = "questiontopic"

// FieldViolations returns what is wrong with a request that was refused with INVALID_ARGUMENT: which field, for example
// `texts[3]`, and how to fix it. It returns nil for any other error, and for nil. Like all readers of errors here it
// also finds a status that is wrapped.
func FieldViolations(err error) []*errdetails.BadRequest_FieldViolation {
	var violations []*errdetails.BadRequest_FieldViolation
	for _, request := range details[*errdetails.BadRequest](err) {
		violations = append(violations, request.GetFieldViolations()...)
	}
	return violations
}

// RetryDelay returns how long to wait before the call may be tried again, and whether the error says so at all, as
// RESOURCE_EXHAUSTED does when the server is overloaded. UNAVAILABLE needs no such care: the client retries it itself.
func RetryDelay(err error) (delay time.Duration, ok bool) {
	infos := details[*errdetails.RetryInfo](err)
	if len(infos) == 0 {
		return 0, false
	}
	return infos[0].GetRetryDelay().AsDuration(), true
}

// Reason returns the server's machine-readable reason, for example MODEL_NOT_FOUND; empty if the error carries none.
func Reason(err error) string {
	return errorInfo(err).GetReason()
}

// RequestID returns the id under which the server logged an INTERNAL error, to report it by; empty if there is none.
func RequestID(err error) string {
	return errorInfo(err).GetMetadata()["request_id"]
}

func errorInfo(err error) *errdetails.ErrorInfo {
	for _, info := range details[*errdetails.ErrorInfo](err) {
		if info.GetDomain() == errorDomain {
			return info
		}
	}
	return nil
}

// details returns the details of type T that the error's status carries, in their order.
func details[T any](err error) []T {
	var found []T
	for _, candidate := range status.Convert(err).Details() {
		if match, ok := candidate.(T); ok {
			found = append(found, match)
		}
	}
	return found
}
