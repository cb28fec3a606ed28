package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestASlowCallerIsCutOff(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer), "--read-timeout", "0.2")
	for name, sent := range map[string]string{
		"headers": "POST /predict_topic HTTP/1.1\r\nHost: a",
		"body":    "POST /predict_topic HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
		"silence": "",
	} {
		connection, err := net.Dial("tcp", gateway.address)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := io.WriteString(connection, sent); err != nil {
			t.Fatal(err)
		}
		_ = connection.SetReadDeadline(time.Now().Add(30 * time.Second))
		answer, err := io.ReadAll(connection)
		if err != nil {
			t.Errorf("%s: the gateway has not closed the connection: %v", name, err)
		}
		if name == "body" && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
			t.Errorf("%s: got %q, want 408", name, answer)
		}
	}
}

func TestSIGTERMLetsRunningCallsEndAndMakesHealthNotServing(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	gateway := start(t, newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		close(entered)
		<-release
		return topictest.Answer(ctx, request)
	}), "--drain-delay", "2")
	connection := dial(t, gateway.address)
	answered := make(chan error, 1)
	go func() {
		_, err := questiontopicv1.NewTopicServiceClient(connection).PredictTopic(t.Context(), ask("Who?"))
		answered <- err
	}()
	<-entered
	if err := gateway.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	health := grpc_health_v1.NewHealthClient(connection)
	for {
		checked, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatalf("health must answer during the drain delay: %v", err)
		}
		if checked.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			break
		}
	}
	waited := make(chan struct{})
	go func() { // The call is still under way when the port is closed.
		defer close(waited)
		for {
			probe, err := net.Dial("tcp", gateway.address)
			if err != nil {
				return
			}
			_ = probe.Close()
		}
	}()
	<-waited
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("the running call: got %v, want its answer", err)
	}
	if code := gateway.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestCallsThatTakeTooLongAreCutOffAndTheExitCodeIsOne(t *testing.T) {
	entered := make(chan struct{})
	address := newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		close(entered)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log, written := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"--address", "127.0.0.1:0", "--backend", address,
			"--drain-delay", "0.001", "--drain-timeout", "0.1"}, func(string) string { return "" }, io.Discard, written)
		written.Close()
	}()
	line := make([]byte, 200)
	n, err := log.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	match := servingLine.FindSubmatch(line[:n])
	go func() {
		_, _ = http.Post(string(match[1])+"/predict_topic", "application/json", strings.NewReader(`{"rawtext_list":["Who?"]}`))
	}()
	<-entered
	stop()
	if said, _ := io.ReadAll(log); !strings.Contains(string(said), "cut off after --drain-timeout, 100ms") {
		t.Errorf("got %q", said)
	}
	if got := <-code; got != exitFailed {
		t.Errorf("got exit code %d, want 1", got)
	}
}

func TestTLSToCallersAndMutualTLSToTheServer(t *testing.T) {
	authority := topictest.NewAuthority(t)
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "topics.test"))
	backend := newBackend(t, topictest.Answer, grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "topics.test")},
		ClientCAs:    authority.Pool(),
		ClientAuth:   tls.RequireAndVerifyClientCert,
	})))
	gateway := start(t, backend, "--tls-certificate", certificate, "--tls-key", key, "--backend-tls",
		"--backend-ca", authority.WriteAuthority(t), "--backend-cert", certificate, "--backend-key", key,
		"--backend-server-name", "topics.test")
	if !strings.HasPrefix(gateway.url, "https://") {
		t.Errorf("got %s", gateway.url)
	}
	config := &tls.Config{RootCAs: authority.Pool(), ServerName: "topics.test"}
	stub, err := grpc.NewClient(gateway.address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	defer stub.Close()
	if _, err := questiontopicv1.NewTopicServiceClient(stub).PredictTopic(t.Context(), ask("Who?")); err != nil {
		t.Errorf("gRPC over TLS: %v", err)
	}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone()}}
	response, err := browser.Get(gateway.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the page over TLS: got %s", response.Status)
	}
}

func TestOnlyTheAllowedOriginMayRead(t *testing.T) {
	closed := start(t, newBackend(t, topictest.Answer))
	open := start(t, newBackend(t, topictest.Answer), "--allow-origin", "https://a.test", "--allow-origin", "http://b.test:8")
	for _, c := range []struct {
		url, origin, want string
	}{
		{closed.url, "https://a.test", ""},
		{open.url, "https://a.test", "https://a.test"},
		{open.url, "http://b.test:8", "http://b.test:8"},
		{open.url, "https://c.test", ""},
	} {
		for _, method := range []string{http.MethodPost, http.MethodOptions} {
			request, _ := http.NewRequestWithContext(t.Context(), method, c.url+"/predict_topic",
				strings.NewReader(`{"rawtext_list":["Who?"]}`))
			request.Header.Set("Origin", c.origin)
			request.Header.Set("Access-Control-Request-Method", http.MethodPost)
			request.Header.Set("Access-Control-Request-Headers", "content-type")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != c.want {
				t.Errorf("%s from %s: got %q, want %q", method, c.origin, got, c.want)
			}
		}
	}
}
