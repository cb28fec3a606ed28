package main

import (
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
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
	full := connect.NewError(connect.CodeResourceExhausted, errors.New("the gateway has too many calls; ask again later"))
	if r.URL.Path == jsonPath {
		problem{http.StatusTooManyRequests, full.Code().String(), full.Message(), nil, int(pauseWhenFull.Seconds())}.write(w)
		return
	}
	hint := &errdetails.RetryInfo{RetryDelay: durationpb.New(pauseWhenFull)}
	if detail, err := connect.NewErrorDetail(hint); err == nil {
		full.AddDetail(detail)
	}
	full.Meta().Set("Retry-After", "1")
	_ = connect.NewErrorWriter().Write(w, r, full) // It fails only if the caller has gone.
}
