package model

// Loaded is what the service tells of the model; MaxPieces is 0 if there is no such limit.
type Loaded struct {
	Manifest  Manifest `json:"manifest"`
	Runtime   string   `json:"runtime"`
	MaxPieces uint32   `json:"max_pieces"`
}

// Manifest is the part of a bundle's manifest that callers see; the worker has checked it.
type Manifest struct {
	Name         string             `json:"name"`
	Version      string             `json:"version"`
	Digest       string             `json:"digest"`
	CoarseLabels []string           `json:"coarse_labels"`
	FineLabels   []FineLabel        `json:"fine_labels"` // Empty if the model has coarse labels alone.
	Languages    []string           `json:"languages"`
	Metrics      map[string]float64 `json:"metrics"`
}

// FineLabel is a fine label and the coarse one above it.
type FineLabel struct {
	Name   string `json:"name"`
	Coarse string `json:"coarse"`
}
