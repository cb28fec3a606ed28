package main

import (
	"encoding/json"
	"log/slog"
)

// settings are what `python -m questiontopic_server` hands over as JSON: it has read and checked them.
type settings struct {
	Listening      []int    `json:"listening"`      // Descriptors of listening sockets.
	Address        string   `json:"address"`        // HOST:PORT, for messages.
	Worker         []string `json:"worker"`         // The command of the model's process.
	WorkerOptions  string   `json:"worker_options"` // Its last argument.
	Workers        int      `json:"workers"`
	MaxBatch       int      `json:"max_batch"`
	MaxQueue       int      `json:"max_queue"`
	DrainTimeout   float64  `json:"drain_timeout"`   // Seconds.
	TLSCertificate string   `json:"tls_certificate"` // Empty for plaintext.
	TLSKey         string   `json:"tls_key"`
	TLSClientCA    string   `json:"tls_client_ca"` // Empty unless client certificates are demanded.
	LogLevel       string   `json:"log_level"`
}

func readSettings(text string) (settings, error) {
	var read settings
	err := json.Unmarshal([]byte(text), &read)
	return read, err
}

func (s settings) level() slog.Level {
	return map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
	}[s.LogLevel]
}
