// Command questiontopic-front answers gRPC calls for the model's process, which it starts. `python -m
// questiontopic_server` reads the settings, binds the address and becomes this; nobody starts it by hand.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// Growth of the heap, in percent, after which it is collected: it has few megabytes, and at Go's 100 a flood of calls
// costs a fifth more.
const collectAt = 300

func init() {
	// A process's children belong to the thread that starts them: this one, where tools look for them.
	runtime.LockOSThread()
}

// main exits with 0 after SIGTERM or SIGINT, 1 if it cannot serve or drain.
func main() {
	debug.SetGCPercent(collectAt)
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	given, err := readSettings(os.Args[len(os.Args)-1])
	if err == nil {
		err = serve(given, newLog(os.Stderr, given.level()), stop)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "questiontopic-server: error: %s\n", err)
		os.Exit(1)
	}
}
