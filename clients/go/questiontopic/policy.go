package questiontopic

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// serviceConfig is gRPC's service config: which calls are retried, and how servers are chosen. The service's name comes
// from its descriptor, because gRPC silently ignores a policy for a name that it does not know.
func serviceConfig() string {
	return fmt.Sprintf(`{
		"loadBalancingConfig": [{"round_robin": {}}],
		"methodConfig": [{
			"name": [{"service": %q}],
			"retryPolicy": {
				"maxAttempts": 4,
				"initialBackoff": "0.1s",
				"maxBackoff": "1s",
				"backoffMultiplier": 2,
				"retryableStatusCodes": ["UNAVAILABLE"]
			}
		}]
	}`, questiontopicv1.TopicService_ServiceDesc.ServiceName)
}

// setDeadline gives calls without a deadline one. The service config's own timeout would also shorten longer deadlines.
func setDeadline(timeout time.Duration) grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, request, response any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		if _, set := ctx.Deadline(); !set {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return invoke(ctx, method, request, response, connection, options...)
	}
}
