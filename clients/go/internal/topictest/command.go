package topictest

import (
	"os"
	"os/exec"
	"testing"
)

const asCommand = "QUESTIONTOPIC_TEST_AS_COMMAND"

// RunTests is the TestMain of a command's package. It makes the test's binary run as the command in a process that
// [Command] has made.
func RunTests(m *testing.M, main func()) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Command returns the command of the package under test, as a process that is not started.
func Command(t testing.TB, arguments ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(executable, arguments...)
	command.Env = append(os.Environ(), asCommand+"=1")
	return command
}
