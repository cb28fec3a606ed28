package main

import (
	"bufio"
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver/dns"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestMain(m *testing.M) {
	dns.SetMinResolutionInterval(100 * time.Millisecond) // By default half a minute.
	topictest.RunTests(m, main)
}

// newService returns a question-topic server without a model. Its predictions are predict's.
func newService(predict questiontopictest.Predict) *questiontopictest.Service {
	return &questiontopictest.Service{Predict: predict, Description: &questiontopicv1.DescribeModelResponse{
		Model:        &questiontopicv1.Model{Name: "test", Version: "1.0.0", Digest: strings.Repeat("0", 64)},
		CoarseLabels: []string{"HUM", "NUM"},
		FineLabels:   []*questiontopicv1.FineLabel{{Name: "HUM:ind", Coarse: "HUM"}, {Name: "NUM:money", Coarse: "NUM"}},
		Limits:       &questiontopicv1.Limits{MaxTexts: 512, MaxCharacters: 2000, MaxMessageBytes: 16 << 20},
		Languages:    []string{"en"},
	}}
}

// newBackend starts a server whose predictions are predict's, and returns its address.
func newBackend(t *testing.T, predict questiontopictest.Predict, options ...grpc.ServerOption) string {
	t.Helper()
	return topictest.Serve(t, newService(predict), options...)
}

// process is a running gateway.
type process struct {
	command *exec.Cmd
	url     string // Without a slash at its end.
	metrics string // The URL of the metrics, if there is one.
	address string // HOST:PORT.

	mutex sync.Mutex
	log   bytes.Buffer
	ended chan struct{}
}

var servingLine = regexp.MustCompile(`(?m)serving (https?://(\S+))/ for .+?(?:, metrics at (\S+))?$`)

// start starts a gateway on a free port, in front of the server at backend. At the end of the test it must drain with
// exit code 0.
func start(t *testing.T, backend string, arguments ...string) *process {
	t.Helper()
	arguments = append([]string{"--address", "127.0.0.1:0", "--backend", backend, "--drain-delay", "0.001"}, arguments...)
	p := &process{command: topictest.Command(t, arguments...), ended: make(chan struct{})}
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan []string, 1)
	go p.read(bufio.NewScanner(stderr), serving)
	t.Cleanup(func() {
		if code := p.stop(); code != 0 {
			t.Errorf("the gateway ended with exit code %d, want 0; its log:\n%s", code, p.written())
		}
	})
	select {
	case match := <-serving:
		p.url, p.address, p.metrics = match[1], match[2], match[3]
	case <-p.ended:
		t.Fatalf("the gateway ended before it served; its log:\n%s", p.written())
	case <-time.After(time.Minute):
		t.Fatal("the gateway does not serve after a minute")
	}
	return p
}

// read keeps the log until the process ends.
func (p *process) read(lines *bufio.Scanner, serving chan<- []string) {
	for lines.Scan() {
		p.mutex.Lock()
		p.log.WriteString(lines.Text() + "\n")
		p.mutex.Unlock()
		if match := servingLine.FindStringSubmatch(lines.Text()); match != nil {
			serving <- match
		}
	}
	_ = p.command.Wait() // The exit code is in the state.
	close(p.ended)
}

func (p *process) written() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.log.String()
}

// stop sends SIGTERM, waits for the end, and returns the exit code.
func (p *process) stop() int {
	_ = p.command.Process.Signal(syscall.SIGTERM) // It fails if the process has ended.
	<-p.ended
	return p.command.ProcessState.ExitCode()
}
