package rest

import (
	"bytes"
	"io"

	"go.yaml.in/yaml/v4"
)

// renderYAML gathers the body's JSON, which is YAML already, and lays it out as
// people write YAML. Only documents, which are small, are rendered like that.
func renderYAML(r *Request, status int) (io.WriteCloser, error) {
	r.Response.Header().Set("Content-Type", r.accepted.renderer.MediaType)
	r.Response.WriteHeader(status)
	return &yamlBody{to: responseBody{r}}, nil
}

type yamlBody struct {
	bytes.Buffer
	to io.WriteCloser
}

// Close writes what was gathered.
func (b *yamlBody) Close() error {
	var node yaml.Node
	if err := yaml.Unmarshal(b.Bytes(), &node); err != nil {
		return err
	}
	asBlocks(&node)
	encoder := yaml.NewEncoder(b.to)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	return b.to.Close()
}

// asBlocks takes the styles of JSON away. The encoder quotes what needs quotes.
func asBlocks(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		asBlocks(child)
	}
}
