package questiontopic

import (
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorDomain is the domain of the server's ErrorInfo. A proxy on the way may add an ErrorInfo with its own domain.
const errorDomain = "questiontopic"

// FieldViolations returns the fields of a request that was refused with INVALID_ARGUMENT, for example `texts[3]`, and
// how to fix each of them. It returns nil for any other error and for nil. Like the other functions that read errors,
// it also reads a wrapped error.
func FieldViolations(err error) []*errdetails.BadRequest_FieldViolation {
	var violations []*errdetails.BadRequest_FieldViolation
	for _, request := range details[*errdetails.BadRequest](err) {
		violations = append(violations, request.GetFieldViolations()...)
	}
	return violations
}

// RetryDelay returns how long to wait before the next attempt. ok is false if the error does not say so. An overloaded
// server says so with RESOURCE_EXHAUSTED. The client itself retries UNAVAILABLE.
func RetryDelay(err error) (delay time.Duration, ok bool) {
	infos := details[*errdetails.RetryInfo](err)
	if len(infos) == 0 {
		return 0, false
	}
	return infos[0].GetRetryDelay().AsDuration(), true
}

// Reason returns the server's machine-readable reason, for example MODEL_NOT_FOUND; empty if the error has none.
func Reason(err error) string {
	return errorInfo(err).GetReason()
}

// RequestID returns the id of an INTERNAL error in the server's log, for a report; empty if the error has none. The id
// of any call is in its trailer x-request-id: pass grpc.Trailer to the call.
func RequestID(err error) string {
	return errorInfo(err).GetMetadata()["request_id"]
}

// invalidArgument returns the error of a request with these violations, at least one, as the server would report it.
func invalidArgument(violations []*errdetails.BadRequest_FieldViolation) error {
	message := violations[0].GetField() + ": " + violations[0].GetDescription()
	if len(violations) > 1 {
		message += fmt.Sprintf(" (and %d more)", len(violations)-1)
	}
	refused, err := status.New(codes.InvalidArgument, message).WithDetails(
		&errdetails.BadRequest{FieldViolations: violations})
	if err != nil {
		return err
	}
	return refused.Err()
}

func errorInfo(err error) *errdetails.ErrorInfo {
	for _, info := range details[*errdetails.ErrorInfo](err) {
		if info.GetDomain() == errorDomain {
			return info
		}
	}
	return nil
}

// details returns the details of type T in the error's status, in their order.
func details[T any](err error) []T {
	var found []T
	for _, candidate := range status.Convert(err).Details() {
		if match, ok := candidate.(T); ok {
			found = append(found, match)
		}
	}
	return found
}
