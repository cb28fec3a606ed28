package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// lines writes log records in the format of the worker's: time, level, origin, message.
type lines struct {
	slog.Handler // Says which levels are shown.
	mutex        *sync.Mutex
	output       io.Writer
}

func newLog(output io.Writer, level slog.Level) *slog.Logger {
	filter := slog.NewTextHandler(output, &slog.HandlerOptions{Level: level})
	return slog.New(lines{filter, &sync.Mutex{}, output})
}

// Handle is slog's to call.
func (l lines) Handle(_ context.Context, record slog.Record) error {
	var line strings.Builder
	fmt.Fprintf(&line, "%s %s questiontopic_server: %s", record.Time.Format("2006-01-02 15:04:05,000"), record.Level, record.Message)
	record.Attrs(func(each slog.Attr) bool {
		fmt.Fprintf(&line, " %s=%q", each.Key, each.Value.String())
		return true
	})
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, err := fmt.Fprintln(l.output, line.String())
	return err
}
