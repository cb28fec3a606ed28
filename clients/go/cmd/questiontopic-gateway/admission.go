package main

import (
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// pauseWhenFull is the hint to callers that are refused: the calls that were admitted are answered in about that time.
const pauseWhenFull = time.Second

// withAdmission refuses a call for predictions if the calls of all connections together are as many as limit. It does so
// before anything of the body is read, because in a flood the refusals, too, take CPU time from the calls that were
// admitted.
func withAdmission(limit int, metrics *metrics, next http.Handler) http.Handler {
	places := make(chan struct{}, limit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != jsonPath && r.URL.Path != questiontopicv1.TopicService_PredictTopic_FullMethodName {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next.ServeHTTP(w, r)
		default:
			metrics.refused()
			refuse(w, r)
		}
	})
}

// refuse answers in the protocol of the request.
func refuse(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == jsonPath {
		problemOf(fullError(), textsName).write(w)
		return
	}
	_ = connect.NewErrorWriter().Write(w, r, connectError(fullError())) // It fails only if the caller has gone.
}

// fullError returns the error of a call that is not admitted.
func fullError() error {
	full, err := status.New(codes.ResourceExhausted, "the gateway has too many calls; ask again later").WithDetails(
		&errdetails.RetryInfo{RetryDelay: durationpb.New(pauseWhenFull)})
	if err != nil {
		return err
	}
	return full.Err()
}
