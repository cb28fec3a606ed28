package questiontopic_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// TestMain starts a server for the examples, which read its address from the environment like a real program.
func TestMain(m *testing.M) {
	address, stop, err := topictest.Start(topictest.Service{Predict: topictest.Answer})
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

func TestTheReadmeShowsTheTestedExample(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	shown, _, _ := strings.Cut(rest, "\n```")
	if body := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(shown, "\t$1"); body == "" ||
		!strings.Contains(string(examples), "func Example() {\n"+body+"\n") {
		t.Errorf("the README's Go code is not the package's Example:\n%s", shown)
	}
}
