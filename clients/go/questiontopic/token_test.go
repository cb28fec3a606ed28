package questiontopic_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// counter gives the tokens t1, t2 and so on.
func counter() func() string {
	var mutex sync.Mutex
	given := 0
	return func() string {
		mutex.Lock()
		defer mutex.Unlock()
		given++
		return fmt.Sprintf("t%d", given)
	}
}

// recorded is what the attempts of calls had as authorization.
type recorded struct {
	mutex sync.Mutex
	sent  []string
}

// option makes a server record it. The first attempt of each method fails with UNAVAILABLE.
func (r *recorded) option() grpc.ServerOption {
	failed := map[string]bool{}
	return grpc.UnaryInterceptor(func(
		ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
	) (any, error) {
		r.mutex.Lock()
		r.sent = append(r.sent, strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), ","))
		first := !failed[info.FullMethod]
		failed[info.FullMethod] = true
		r.mutex.Unlock()
		if first {
			return nil, status.Error(codes.Unavailable, "on purpose")
		}
		return handle(ctx, request)
	})
}

func TestEachAttemptSendsTheNewestToken(t *testing.T) {
	var seen recorded
	client := newClient(t, topictest.Serve(t, failing{attempts: new(atomic.Int64)}, seen.option()),
		questiontopic.WithToken(counter()))
	if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Bearer t1", "Bearer t2", "Bearer t3", "Bearer t4"}; !slices.Equal(seen.sent, want) {
		t.Errorf("got %q, want %q", seen.sent, want)
	}
}

func TestMergedCallsAndManyTextsHaveTheToken(t *testing.T) {
	var seen recorded
	client := newClient(t, topictest.Serve(t, failing{attempts: new(atomic.Int64)}, seen.option()),
		questiontopic.WithToken(func() string { return "t" }), questiontopic.WithMerging(questiontopic.Merging{}))
	if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
		t.Fatal(err)
	}
	for _, err := range client.PredictMany(t.Context(), coarse, slices.Values(slices.Repeat([]string{"Who?"}, 100)), questiontopic.TextsPerCall(10)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen.sent) < 3 || slices.ContainsFunc(seen.sent, func(sent string) bool { return sent != "Bearer t" }) {
		t.Errorf("got %q, want Bearer t each time", seen.sent)
	}
}

func TestATokenThatCannotBeSentFailsTheCallAndIsNotRepeated(t *testing.T) {
	address, sent := serveFailing(t, codes.OK, 0)
	for _, token := range []string{"", "sec ret", "secret\n", "sécret", "sec\x00ret", "secret\x7f"} {
		client := newClient(t, address, questiontopic.WithToken(func() string { return token }))
		_, err := client.Predict(t.Context(), coarse, "Who?")
		if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "must be printable ASCII") ||
			strings.Contains(fmt.Sprintf("%v %+v %#v", err, client, err), "ret") {
			t.Errorf("%q: got %v", token, err)
		}
	}
	if sent.Load() != 0 {
		t.Errorf("got %d calls, want none", sent.Load())
	}
}

func TestTheServerKnowsTheCallerByTheToken(t *testing.T) {
	authority, file := topictest.NewAuthority(t), filepath.Join(t.TempDir(), "tokens")
	line := fmt.Sprintf("web %x\n", sha256.Sum256([]byte("right")))
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "topics.test"))
	server := topictest.StartProcess(t, "--tls-certificate", certificate, "--tls-key", key, "--tokens", file)
	transport := questiontopic.TLS(&tls.Config{RootCAs: authority.Pool()})
	for _, c := range []struct {
		token  func() string
		reason string
	}{
		{func() string { return "right" }, ""},
		{func() string { return "wrong" }, "TOKEN_UNKNOWN"},
		{nil, "TOKEN_MISSING"},
	} {
		client := newClientOver(t, server.Address, transport, questiontopic.WithToken(c.token), questiontopic.WithHealthChecks())
		_, err := client.Predict(t.Context(), coarse, "Who?")
		if got := questiontopic.Reason(err); got != c.reason || (err == nil) != (c.reason == "") {
			t.Errorf("got %v, want %q", err, c.reason)
		}
		if err != nil && status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v, want UNAUTHENTICATED", err)
		}
	}
}
