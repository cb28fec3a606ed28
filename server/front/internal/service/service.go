// Package service answers the contract's two methods: protobuf messages to plain values and back. Time and load are the
// batcher's business.
package service

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // So that compressed requests are read.
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
	"github.com/question-topic/question-topic/server/front/internal/batcher"
	"github.com/question-topic/question-topic/server/front/internal/model"
)

// Name is the service's, as health checks and reflection know it.
const Name = "questiontopic.v1.TopicService"

const (
	predictTopic = "PredictTopic"
	mostOfName   = 64 // Characters: callers refuse a status that is too large.
	// Past it gRPC breaks a call off, by a status that is not the contract's: our own limit must answer first.
	mostHeaders = 256 * 1024
	// Calls of one connection at a time, a bound for its memory: with 4,096 a flood takes 100 MB more. Past it calls wait
	// in the caller's gRPC until they expire, without a hint to back off, which few callers notice.
	mostStreams = 1024
)

// Service answers calls once Start has given it a model, until Drain.
type Service struct {
	log    *slog.Logger
	loaded atomic.Pointer[loaded]
	newest atomic.Pointer[refusal]

	mutex    sync.Mutex
	draining bool
	inFlight int
	idle     chan struct{} // Closed when draining and nothing is in flight.
}

type loaded struct {
	responses *responses
	batcher   *batcher.Batcher[model.Answer]
}

// New makes a Service that refuses calls until Start.
func New(log *slog.Logger) *Service {
	return &Service{log: log, idle: make(chan struct{})}
}

// Options are those that a server needs to Register the service.
func (s *Service) Options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(grpcproto.Name)}),
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxHeaderListSize(mostHeaders),
		grpc.MaxConcurrentStreams(mostStreams),
		grpc.ReadBufferSize(0), // Admission has one.
		// Some callers ping after each answer, which gRPC takes for an attack unless it sent the answer: see admission.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 1, PermitWithoutStream: true}),
	}
}

// Register adds the service to a server, which must have its Options.
func (s *Service) Register(server *grpc.Server) {
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: Name,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: predictTopic, Handler: handler(s.arrive, s.predictTopic)},
			{MethodName: "DescribeModel", Handler: handler(func() {}, s.describeModel)},
		},
		Metadata: topic.File_questiontopic_v1_topic_proto.Path(),
	}, s)
}

// Start lets calls be answered from now on.
func (s *Service) Start(model model.Loaded, batcher *batcher.Batcher[model.Answer]) {
	s.loaded.Store(&loaded{newResponses(model), batcher})
}

// Drain refuses new calls with UNAVAILABLE; it returns how many are in flight, and a channel that is closed when none is.
func (s *Service) Drain() (int, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.draining = true
	if s.inFlight == 0 {
		close(s.idle)
	}
	return s.inFlight, s.idle
}

// InFlight is the number of accepted calls that have no answer yet; it may still have to be sent.
func (s *Service) InFlight() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.inFlight
}

func (s *Service) isDraining() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.draining
}

func (s *Service) enter() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.draining {
		s.inFlight++
	}
	return !s.draining
}

func (s *Service) leave() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.inFlight--; s.inFlight == 0 && s.draining {
		close(s.idle)
	}
}

// handler is gRPC's for a method that gets its request as bytes, so that decode can name the field that is malformed.
// It calls begun before the request has come.
func handler(
	begun func(), method func(context.Context, []byte) (proto.Message, error),
) func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
	return func(server any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		begun()
		var request message
		if err := decode(&request); err != nil {
			return nil, err
		}
		return server.(*Service).answer(ctx, request, method)
	}
}

// answer counts the call until it is answered, and turns an error into a status.
func (s *Service) answer(
	ctx context.Context, request []byte, method func(context.Context, []byte) (proto.Message, error),
) (proto.Message, error) {
	if !s.enter() {
		return nil, toStatus(errDraining)
	}
	defer s.leave()
	ctx, cancel := expireAhead(ctx)
	defer cancel()
	if err := checkMetadata(ctx); err != nil {
		return nil, err
	}
	response, err := method(ctx, request)
	if err == nil {
		return response, nil
	}
	if !known(err) {
		failure := &internalError{rand.Text()}
		s.log.Error("a request failed", "request_id", failure.id, "cause", err)
		err = failure
	}
	return nil, toStatus(err)
}

func (s *Service) predictTopic(ctx context.Context, data []byte) (proto.Message, error) {
	var request topic.PredictTopicRequest
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	loaded, err := s.serving(request.GetModel())
	if err != nil {
		return nil, err
	}
	if err := loaded.responses.checkLevel(request.GetLabelLevel()); err != nil {
		return nil, err
	}
	if err := checkTexts(request.GetTexts()); err != nil {
		return nil, err
	}
	answers, err := loaded.batcher.Predict(ctx, request.GetTexts())
	if err != nil {
		return nil, err
	}
	return loaded.responses.predict(answers, request.GetLabelLevel()), nil
}

func (s *Service) describeModel(_ context.Context, data []byte) (proto.Message, error) {
	var request topic.DescribeModelRequest
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	loaded, err := s.serving(request.GetModel())
	if err != nil {
		return nil, err
	}
	return loaded.responses.describe, nil
}

// serving is the loaded model if it is the one of that name, or if none is named.
func (s *Service) serving(name string) (*loaded, error) {
	loaded := s.loaded.Load()
	if loaded == nil {
		return nil, errLoading
	}
	if here := loaded.responses.model.GetName(); name != "" && name != here {
		runes := []rune(name)
		return nil, &modelNotFoundError{string(runes[:min(len(runes), mostOfName)]), here}
	}
	return loaded, nil
}
