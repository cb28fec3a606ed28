package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// replace writes a file at once, as an operator should.
func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// lines returns the server's file of tokens.
func lines(tokens ...string) string {
	var made strings.Builder
	for _, token := range tokens {
		fmt.Fprintf(&made, "gateway %x\n", sha256.Sum256([]byte(token)))
	}
	return made.String()
}

// startWithTokens starts a server with a file of tokens.
func startWithTokens(t *testing.T, tokens ...string) (backend, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "tokens")
	replace(t, file, lines(tokens...))
	return topictest.StartProcess(t, "--tokens", file, "--tokens-over-plaintext", "yes").Address, file
}

func wantHealth(t *testing.T, gateway *process, want grpc_health_v1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	checked, err := grpc_health_v1.NewHealthClient(dial(t, gateway.address)).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || checked.GetStatus() != want {
		t.Errorf("health: got %v and %v, want %v", checked, err, want)
	}
}

func TestTheTokenRotatesWithoutAFailedCall(t *testing.T) {
	backend, known := startWithTokens(t, "secret-0")
	own := filepath.Join(t.TempDir(), "token")
	replace(t, own, "secret-0\n")
	gateway := start(t, backend, "--backend-token-file", own)
	load := startLoad(t, gateway.address, 4)
	for i := range 10 {
		former, newest := fmt.Sprintf("secret-%d", i), fmt.Sprintf("secret-%d", i+1)
		replace(t, known, lines(former, newest))
		load.wait(20)
		replace(t, own, newest)
		load.wait(20)
		replace(t, known, lines(newest))
		load.wait(20)
	}
	replace(t, own, "two secrets") // The gateway goes on with the last token.
	load.wait(10)
	log := gateway.written()
	if strings.Count(log, "the token that changed is used from now on") != 10 ||
		strings.Count(log, "the token that changed is not used: --backend-token-file: "+own+": must be one token") != 1 ||
		strings.Contains(log, "secret") {
		t.Errorf("got the log\n%s", log)
	}
}

func TestCallersAreNotBlamedForTheTokenOfTheGateway(t *testing.T) {
	backend, _ := startWithTokens(t, "right")
	wrong := filepath.Join(t.TempDir(), "token")
	replace(t, wrong, "wrong-secret")
	for reason, arguments := range map[string][]string{
		"the token is unknown or revoked": {"--backend-token-file", wrong}, "the call has no token": nil,
	} {
		gateway := start(t, backend, arguments...)
		wantHealth(t, gateway, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
		for range 2 {
			if _, err := stub.PredictTopic(t.Context(), ask("Who?")); status.Code(err) != codes.Unavailable {
				t.Errorf("%s: got %v, want UNAVAILABLE", reason, err)
			}
		}
		said := "the server refuses the gateway: " + reason
		if log := gateway.written(); strings.Count(log, said) != 1 || strings.Contains(log, "secret") {
			t.Errorf("%s: got the log\n%s", reason, log)
		}
	}
}

func TestATokenOfTheCallerCanGoOnToTheServer(t *testing.T) {
	backend, _ := startWithTokens(t, "right")
	gateway := start(t, backend, "--forward", "authorization")
	wantHealth(t, gateway, grpc_health_v1.HealthCheckResponse_SERVING)
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	for _, c := range []struct {
		token string
		code  codes.Code
		http  int
	}{{"right", codes.OK, http.StatusOK}, {"wrong", codes.Unauthenticated, http.StatusUnauthorized}} {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+c.token)
		if _, err := stub.PredictTopic(ctx, ask("Who?")); status.Code(err) != c.code {
			t.Errorf("%s: got %v, want %v", c.token, err, c.code)
		}
		request, err := http.NewRequest(http.MethodPost, gateway.url+"/predict_topic", strings.NewReader(`{"rawtext_list":["Who?"]}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.http {
			t.Errorf("%s: got %d, want %d", c.token, response.StatusCode, c.http)
		}
	}
}
