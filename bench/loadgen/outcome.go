package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"
)

// Outcomes that are no error's status.
const (
	ok         = "OK"
	heldBack   = "held back"  // The throttle did not send the call.
	notSent    = "not sent"   // Too many calls were open.
	connection = "connection" // The connection broke, or there was none.
)

// outcome names how a call ended: gRPC's name of a status as in RESOURCE_EXHAUSTED, an HTTP status, or one of the constants above.
func outcome(err error) string {
	if err == nil {
		return ok
	}
	var refused httpError
	if errors.As(err, &refused) {
		return fmt.Sprintf("HTTP %d", refused.code)
	}
	if errors.Is(err, errHeldBack) {
		return heldBack
	}
	if found, ok := status.FromError(err); ok {
		return code.Code_name[int32(found.Code())]
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return code.Code_DEADLINE_EXCEEDED.String()
	}
	return connection
}

// hasRetryHint tells whether a gRPC error has a RetryInfo, which says when to try again.
func hasRetryHint(err error) bool {
	for _, detail := range status.Convert(err).Proto().GetDetails() {
		if strings.HasSuffix(detail.GetTypeUrl(), "google.rpc.RetryInfo") {
			return true
		}
	}
	return false
}
