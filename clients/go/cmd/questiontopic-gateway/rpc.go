package main

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// addRPC adds the contract's service, health and reflection, each as gRPC, gRPC-Web and JSON.
func addRPC(mux *http.ServeMux, topics topics, health *health, options ...connect.HandlerOption) {
	mux.Handle(method(questiontopicv1.TopicService_PredictTopic_FullMethodName, topics.predict, options))
	mux.Handle(method(questiontopicv1.TopicService_DescribeModel_FullMethodName, topics.describe, options))
	mux.Handle(grpchealth.NewHandler(health, options...))
	reflector := grpcreflect.NewStaticReflector(
		questiontopicv1.TopicService_ServiceDesc.ServiceName, grpchealth.HealthV1ServiceName)
	mux.Handle(grpcreflect.NewHandlerV1(reflector, options...))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector, options...))
}

// method returns the path and the handler of one method.
func method[Request, Response any](
	path string,
	answer func(context.Context, http.Header, *Request) (*Response, error),
	options []connect.HandlerOption,
) (string, http.Handler) {
	return path, connect.NewUnaryHandlerSimple(path, func(ctx context.Context, request *Request) (*Response, error) {
		call, _ := connect.CallInfoForHandlerContext(ctx)
		response, err := answer(ctx, call.RequestHeader(), request)
		if err != nil {
			return nil, connectError(err)
		}
		return response, nil
	}, options...)
}

// connectError returns a gRPC status as an error of connect, with the same code, message and details.
func connectError(err error) error {
	failed := status.Convert(err)
	converted := connect.NewError(connect.Code(failed.Code()), errors.New(failed.Message()))
	for _, packed := range failed.Proto().GetDetails() {
		if detail, err := connect.NewErrorDetail(packed); err == nil {
			converted.AddDetail(detail)
		}
	}
	if seconds := retryAfter(err); seconds > 0 {
		converted.Meta().Set("Retry-After", strconv.Itoa(seconds))
	}
	return converted
}

// retryAfter returns the server's hint how long to wait, in whole seconds, or 0 if it gave none.
func retryAfter(err error) int {
	delay, _ := questiontopic.RetryDelay(err)
	return int(math.Ceil(delay.Seconds()))
}
