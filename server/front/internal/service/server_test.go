package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
	"github.com/question-topic/question-topic/server/front/internal/batcher"
	"github.com/question-topic/question-topic/server/front/internal/model"
	"github.com/question-topic/question-topic/server/front/internal/service"
)

const (
	coarse = topic.LabelLevel_LABEL_LEVEL_COARSE
	fine   = topic.LabelLevel_LABEL_LEVEL_FINE
	both   = topic.LabelLevel_LABEL_LEVEL_BOTH

	secret = "a path or a password"
)

// pets is a model with fine labels; without them it is a model of coarse ones alone.
var pets = model.Loaded{
	Manifest: model.Manifest{
		Name: "pets", Version: "1.2.3", Digest: "sha256:0", CoarseLabels: []string{"CAT", "DOG"},
		FineLabels: []model.FineLabel{{Name: "CAT:big", Coarse: "CAT"}, {Name: "CAT:small", Coarse: "CAT"}},
		Languages:  []string{"en"}, Metrics: map[string]float64{"coarse_accuracy": 0.75},
	},
	Runtime: "onnxruntime", MaxPieces: 128,
}

// front is a server on a socket of its own, and what the tests may do to it.
type front struct {
	topic.TopicServiceClient
	service          *service.Service
	connection       *grpc.ClientConn
	entered, release chan struct{} // Of a batch with the text "hold".
	statuses         statuses
	log              *buffer
	computed         *buffer
}

// serve has no model until the test starts one.
func serve(t *testing.T) *front {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{
		entered: make(chan struct{}), release: make(chan struct{}), statuses: make(statuses, 1000),
		log: &buffer{}, computed: &buffer{},
	}
	f.service = service.New(slog.New(slog.NewTextHandler(f.log, nil)))
	server := grpc.NewServer(append(
		f.service.Options(), grpc.StatsHandler(f.statuses), grpc.Creds(f.service.Admission(insecure.NewCredentials())),
	)...)
	f.service.Register(server)
	healthpb.RegisterHealthServer(server, health.NewServer())
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	plaintext := grpc.WithTransportCredentials(insecure.NewCredentials())
	f.connection, err = grpc.NewClient(listener.Addr().String(), plaintext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.connection.Close() })
	f.TopicServiceClient = topic.NewTopicServiceClient(f.connection)
	return f
}

// serveModel serves it with a function that ends on the text "end", or with the test's binary.
func serveModel(t *testing.T, loaded model.Loaded) *front {
	t.Helper()
	f := serve(t)
	batches := batcher.New[model.Answer](batcher.Options{MaxBatch: 8, MaxQueue: 600, Turn: 16})
	go func() { _ = batches.Run(f.compute) }()
	f.service.Start(loaded, batches)
	return f
}

func (f *front) compute(texts []string) ([]model.Answer, error) {
	answers := make([]model.Answer, len(texts))
	for i, text := range texts {
		_, _ = fmt.Fprintln(f.computed, text)
		switch text {
		case "broken":
			return nil, errors.New(secret)
		case "end":
			return nil, batcher.ErrEnded
		case "hold":
			select {
			case f.entered <- struct{}{}:
				<-f.release
			case <-f.release:
			}
		}
		first := share(text)
		answers[i] = model.Answer{
			Coarse: []float32{first, 1 - first}, Fine: []float32{0.25, 0.75}, Truncated: strings.HasPrefix(text, "long"),
		}
	}
	return answers, nil
}

// share is the confidence in the first coarse label.
func share(text string) float32 {
	return float32(len(text)) / 16384
}

func (f *front) predict(t *testing.T, level topic.LabelLevel, texts ...string) (*topic.PredictTopicResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return f.PredictTopic(ctx, &topic.PredictTopicRequest{Texts: texts, LabelLevel: level})
}

// predictBytes sends a request that may be none.
func (f *front) predictBytes(t *testing.T, request []byte) (*topic.PredictTopicResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var response topic.PredictTopicResponse
	method := topic.TopicService_PredictTopic_FullMethodName
	codec := grpc.ForceCodecV2(raw{encoding.GetCodecV2(protocodec.Name)})
	return &response, f.connection.Invoke(ctx, method, request, &response, codec)
}

// raw sends bytes as they are.
type raw struct{ encoding.CodecV2 }

func (raw) Marshal(value any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(value.([]byte))}, nil
}

// statuses are how calls end at the server, which a caller that has gone does not see.
type statuses chan error

func (s statuses) HandleRPC(_ context.Context, event stats.RPCStats) {
	if end, ok := event.(*stats.End); ok {
		s <- end.Error
	}
}

// TagRPC lets a call expire at the server alone: a caller with the same deadline would not wait for the answer.
func (statuses) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if metadata.ValueFromIncomingContext(ctx, "expire") == nil {
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (statuses) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (statuses) HandleConn(context.Context, stats.ConnStats)                       {}

type buffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}

// request is a message of these texts, which need not be UTF-8.
func request(texts ...string) []byte {
	var made []byte
	for _, text := range texts {
		made = protowire.AppendTag(made, 1, protowire.BytesType)
		made = protowire.AppendString(made, text)
	}
	return made
}

func wantField(t *testing.T, err error, want string) {
	t.Helper()
	violations := questiontopic.FieldViolations(err)
	if len(violations) != 1 || violations[0].GetField() != want || violations[0].GetDescription() == "" {
		t.Errorf("got the violations %v, want one of %q", violations, want)
	}
}
