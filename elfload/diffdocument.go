package elfload

// DiffSchema names the form of a DiffDocument.
const DiffSchema = "bpfload-diff/1"

// DiffDocument is a Diff as JSON. No list in it is ever null. After an error it
// holds what was known until then, and Error.
type DiffDocument struct {
	Schema string `json:"schema"`
	// Object is the newer object's file; Old is what it was compared with: a pin
	// directory, the root of bpffs, or a file.
	Object Text `json:"object"`
	Old    Text `json:"old"`
	// LoadFails tells that a load would fail over one of the maps.
	LoadFails bool              `json:"load_fails"`
	Maps      []DocumentMapDiff `json:"maps"`
	Warnings  []DocumentWarning `json:"warnings"`
	Error     *DocumentError    `json:"error,omitempty"`
}

// DocumentMapDiff is a MapDiff. OnMismatch stands for incompatible maps, Refused
// for those over which a load would fail.
type DocumentMapDiff struct {
	// Index is the map's place in the object, null for one that is left over.
	Index      *int                `json:"index"`
	Name       Text                `json:"name"`
	Status     DiffStatus          `json:"status"`
	PinPath    Text                `json:"pin_path"`
	OldID      uint32              `json:"old_id,omitempty"`
	Fields     []DocumentFieldDiff `json:"fields"`
	OnMismatch Mismatch            `json:"on_mismatch,omitempty"`
	Refused    *DocumentError      `json:"refused,omitempty"`
}

// NewDiffDocument is the document of a comparison of which nothing is known yet.
func NewDiffDocument(object, old string) *DiffDocument {
	return &DiffDocument{Schema: DiffSchema, Object: Text(object), Old: Text(old), Maps: []DocumentMapDiff{}, Warnings: []DocumentWarning{}}
}

// Document describes the comparison of an object's file with something older.
func (d *Diff) Document(object, old string) *DiffDocument {
	doc := NewDiffDocument(object, old)
	doc.LoadFails = d.Err() != nil
	for _, m := range d.Maps {
		row := DocumentMapDiff{Name: Text(m.Name), Status: m.Status, PinPath: Text(m.PinPath), OldID: m.OldID,
			Fields: fieldDocuments(m.Fields), OnMismatch: m.OnMismatch, Refused: documentError(m.Refused)}
		if m.Index >= 0 {
			row.Index = &m.Index
		}
		doc.Maps = append(doc.Maps, row)
	}
	for _, w := range d.Warnings {
		doc.Warnings = append(doc.Warnings, warningDocument(w))
	}
	return doc
}

// SetError puts the error into the document; nil takes it out. That a load would
// fail is not an error of the comparison.
func (d *DiffDocument) SetError(err error) { d.Error = documentError(err) }
