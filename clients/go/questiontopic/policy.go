package questiontopic

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// serviceConfig returns gRPC's service config: the retries and the load balancing. The name of the service comes from
// its descriptor, because gRPC silently ignores a policy for a misspelt service.
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

// setDeadline gives a deadline to calls without one. The timeout of a service config would also shorten longer
// deadlines.
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
