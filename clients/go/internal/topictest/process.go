package topictest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// commandVariable names the environment variable with the command that starts a question-topic server.
const commandVariable = "QUESTIONTOPIC_SERVER_COMMAND"

const (
	startTimeout = 2 * time.Minute
	drainTimeout = time.Minute
)

var servingLine = regexp.MustCompile(`(?m)^.*serving \S+ \S+ on (\S+:\d+) \((plaintext|TLS|mutual TLS)\)\s*$`)

// StartProcess starts the question-topic server that QUESTIONTOPIC_SERVER_COMMAND names, with further arguments, waits
// until it serves, and returns its address and its transport in the server's words. When the test ends the process is
// told to end, and must do so with exit code 0. Without the variable the test is skipped.
func StartProcess(t *testing.T, arguments ...string) (address, transport string) {
	t.Helper()
	command := strings.Fields(os.Getenv(commandVariable))
	if len(command) == 0 {
		t.Skipf("needs a real server: set %s to a command that starts one, separated by blanks and without quotes, "+
			"for example `/path/to/python -m questiontopic_server --bundle /path/to/bundle`", commandVariable)
	}
	command = append(command, "--host", "127.0.0.1", "--port", "0")
	command = append(command, arguments...)

	ctx, end := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.WaitDelay = drainTimeout
	log := &processLog{serving: make(chan []string, 1)}
	process.Stderr = log
	if err := process.Start(); err != nil {
		end()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait() // What matters of it is the exit code, read below.
	}()
	t.Cleanup(func() {
		end()
		<-ended
		if code := process.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the server ended with exit code %d, want 0; its log:\n%s", code, log)
		}
	})

	select {
	case match := <-log.serving:
		return match[1], match[2]
	case <-ended:
		t.Fatalf("the server ended before it served")
	case <-time.After(startTimeout):
		t.Fatalf("the server does not serve after %v; its log:\n%s", startTimeout, log)
	}
	return "", ""
}

// processLog keeps what a process writes, and sends the match of the line that says it serves.
type processLog struct {
	mutex   sync.Mutex
	written bytes.Buffer
	serving chan []string
	matched bool
}

func (l *processLog) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.written.Write(p)
	if whole := l.written.String(); !l.matched && strings.Contains(string(p), "\n") {
		if match := servingLine.FindStringSubmatch(whole[:strings.LastIndexByte(whole, '\n')+1]); match != nil {
			l.matched = true
			l.serving <- match
		}
	}
	return len(p), nil
}

func (l *processLog) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.written.String()
}
