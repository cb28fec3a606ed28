package questiontopic

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/token"
)

// bearer sends a token with each attempt of a call. It implements credentials.PerRPCCredentials.
type bearer func() string

// GetRequestMetadata returns the metadata with the newest token.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	newest := b()
	if !token.IsValid(newest) { // The error does not repeat it.
		return nil, status.Error(codes.Unauthenticated, "the client's token must be printable ASCII without blanks")
	}
	return map[string]string{"authorization": "Bearer " + newest}, nil
}

// RequireTransportSecurity returns false, because the caller has chosen the transport in New.
func (b bearer) RequireTransportSecurity() bool {
	return false
}
