// Package simulation says what a deployment of a given size needs, from what the
// benchmarks have measured. docs/scaling.md shows what it prints.
package simulation

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// File is where the parameters are stored, from the root of the module.
const File = "internal/bench/simulation/parameters.json"

//go:embed parameters.json
var stored []byte

// Parameter is a figure that a benchmark has measured.
type Parameter struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	What  string  `json:"what"`
	// Command measures it again, and stores it with -record.
	Command string `json:"command"`
}

// Parameters are all figures that the simulation uses.
type Parameters []Parameter

// Stored returns the parameters of this build.
func Stored() (Parameters, error) { return parse(stored) }

func parse(text []byte) (found Parameters, err error) {
	err = json.Unmarshal(text, &found)
	return found, err
}

// Get returns the value of a parameter.
func (p Parameters) Get(name string) float64 {
	i := p.index(name)
	if i < 0 {
		panic("no such parameter: " + name)
	}
	return p[i].Value
}

func (p Parameters) index(name string) int {
	return slices.IndexFunc(p, func(each Parameter) bool { return each.Name == name })
}

// Record stores measured values, by the parameters' names, in a file.
func Record(file string, measured map[string]float64) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parameters, err := parse(text)
	if err != nil {
		return err
	}
	for name, value := range measured {
		i := parameters.index(name)
		if i < 0 {
			return fmt.Errorf("%s has no parameter %s", file, name)
		}
		parameters[i].Value = value
	}
	if text, err = json.MarshalIndent(parameters, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
