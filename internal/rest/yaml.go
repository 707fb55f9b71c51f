package rest

import (
	"bytes"
	"io"

	"go.yaml.in/yaml/v4"
)

// renderYAML buffers the body's JSON, which is valid YAML, and reformats it in
// block style. It is only used for documents, which are small.
func renderYAML(r *Request, status int) (io.WriteCloser, error) {
	r.Response.Header().Set("Content-Type", r.accepted.renderer.MediaType)
	r.Response.WriteHeader(status)
	return &yamlBody{to: responseBody{r}}, nil
}

type yamlBody struct {
	bytes.Buffer
	to io.WriteCloser
}

// Close writes the buffered document as YAML.
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

// asBlocks resets the node's styles to block style and minimal quoting.
func asBlocks(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		asBlocks(child)
	}
}
