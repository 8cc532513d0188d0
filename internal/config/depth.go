package config

import "github.com/goccy/go-yaml/token"

// maxDepth is far more than the settings need. The YAML parser recurses without a limit of its own, and a
// Go stack that overflows cannot be caught.
const maxDepth = 16

// maxIndent bounds nesting by indentation: eight columns a level.
const maxIndent = 8 * maxDepth

// tooDeep is the token at which the document is nested too deeply, or nil. It errs to the strict side: what
// opens a level on one line counts, whether or not the levels are really inside each other.
func tooDeep(tokens token.Tokens) *token.Token {
	flow, openers, line := 0, 0, 0
	for _, t := range tokens {
		first := t.Position.Line != line
		if first {
			line, openers = t.Position.Line, 0
		}
		switch t.Type { //nolint:exhaustive // the other kinds open nothing
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			openers++
		}
		if flow > maxDepth || openers > maxDepth || first && t.Type != token.CommentType && t.Position.Column > maxIndent {
			return t
		}
	}
	return nil
}
