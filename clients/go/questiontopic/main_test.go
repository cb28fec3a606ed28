package questiontopic_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

// TestMain starts a server for the examples, which read its address from the environment like a real program.
func TestMain(m *testing.M) {
	address, stop, err := topictest.Start(&questiontopictest.Service{Predict: topictest.Answer})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("QUESTIONTOPIC_ADDRESS", address)
	code := m.Run()
	stop()
	os.Exit(code)
}

// newClient returns a plaintext client that is closed when the test ends.
func newClient(t *testing.T, address string, options ...questiontopic.Option) *questiontopic.Client {
	t.Helper()
	return newClientOver(t, address, questiontopic.Plaintext(), options...)
}

func newClientOver(
	t *testing.T, address string, transport questiontopic.Transport, options ...questiontopic.Option,
) *questiontopic.Client {
	t.Helper()
	client, err := questiontopic.New(address, transport, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // It fails if the test has closed the client itself.
	return client
}

func TestTheDocumentsShowTestedExamples(t *testing.T) {
	var examples []byte
	for _, name := range []string{"example_test.go", "../questiontopictest/example_test.go"} {
		source, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, source...)
	}
	for name, count := range map[string]int{"../README.md": 2, "../../../docs/clients.md": 3} {
		document, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		blocks := regexp.MustCompile("(?s)\n```go\n(.*?)\n```\n").FindAllStringSubmatch(string(document), -1)
		if len(blocks) != count {
			t.Errorf("%s: got %d blocks of Go, want %d", name, len(blocks), count)
		}
		for _, block := range blocks {
			body := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block[1], "\t$1")
			if !regexp.MustCompile(`(?m)^func (Test)?Example\w*\(.*\) \{\n` + regexp.QuoteMeta(body) + `\n`).Match(examples) {
				t.Errorf("%s: this Go code is not an example of the package:\n%s", name, block[1])
			}
		}
	}
}
