-- A label store as version 1 made it, with one label and its correction. Never changed: it is what users have.
CREATE TABLE clip (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE prompt (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE dimension (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE annotator (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (name, kind)) STRICT;
CREATE TABLE scale (id INTEGER PRIMARY KEY, worst REAL NOT NULL, best REAL NOT NULL, is_whole INTEGER NOT NULL, UNIQUE (worst, best, is_whole)) STRICT;
CREATE TABLE template (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE response (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE batch (id INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, source TEXT NOT NULL, UNIQUE (recorded_at, source)) STRICT;
CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  question BLOB NOT NULL,
  revision INTEGER NOT NULL,
  clip INTEGER NOT NULL REFERENCES clip,
  other_clip INTEGER REFERENCES clip,
  prompt INTEGER REFERENCES prompt,
  grid TEXT,
  cell INTEGER,
  dimension INTEGER NOT NULL REFERENCES dimension,
  value REAL,
  scale INTEGER REFERENCES scale,
  choice TEXT CHECK (choice IN ('A', 'B', 'same')),
  defect TEXT,
  unanswered TEXT,
  confidence REAL,
  reason TEXT,
  annotator INTEGER NOT NULL REFERENCES annotator,
  answered_at INTEGER,
  template INTEGER REFERENCES template,
  response INTEGER REFERENCES response,
  batch INTEGER NOT NULL REFERENCES batch,
  UNIQUE (question, revision)
) STRICT;
CREATE INDEX label_clip ON label (clip, dimension);
CREATE INDEX label_other_clip ON label (other_clip) WHERE other_clip IS NOT NULL;
CREATE INDEX label_dimension ON label (dimension);
CREATE INDEX label_dimension_annotator ON label (dimension, annotator);
CREATE INDEX label_annotator ON label (annotator);
CREATE INDEX label_grid ON label (grid) WHERE grid IS NOT NULL;
CREATE INDEX label_corrections ON label (question, revision) WHERE revision > 0;
CREATE TRIGGER label_is_append_only_1 BEFORE UPDATE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only: write a correction'); END;
CREATE TRIGGER label_is_append_only_2 BEFORE DELETE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only: write a correction'); END;
CREATE VIEW labels AS
  SELECT l.id, c.name AS clip, o.name AS other_clip, p.text AS prompt, l.grid, l.cell, d.name AS dimension, l.value,
    s.worst AS scale_worst, s.best AS scale_best, s.is_whole AS scale_whole, l.choice, l.defect, l.unanswered, l.confidence, l.reason,
    a.name AS annotator, a.kind AS annotator_kind, l.answered_at, t.hash AS template_hash, r.name AS response_id, l.revision,
    NOT EXISTS (SELECT 1 FROM label n WHERE n.revision > 0 AND n.question = l.question AND n.revision = l.revision + 1) AS is_current,
    b.recorded_at, b.source
  FROM label l
  JOIN clip c ON c.id = l.clip
  LEFT JOIN clip o ON o.id = l.other_clip
  LEFT JOIN prompt p ON p.id = l.prompt
  JOIN dimension d ON d.id = l.dimension
  LEFT JOIN scale s ON s.id = l.scale
  JOIN annotator a ON a.id = l.annotator
  LEFT JOIN template t ON t.id = l.template
  LEFT JOIN response r ON r.id = l.response
  JOIN batch b ON b.id = l.batch;
PRAGMA application_id = 1212965218;
PRAGMA user_version = 1;
INSERT INTO clip VALUES (1, '67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450');
INSERT INTO prompt VALUES (1, 'a cat');
INSERT INTO dimension VALUES (1, 'visual quality');
INSERT INTO annotator VALUES (1, 'ann', 'human');
INSERT INTO scale VALUES (1, 1.0, 5.0, 1);
INSERT INTO batch VALUES (1, 1767225600000000, 'a first file'), (2, 1767225601000000, 'a correction');
INSERT INTO label (question, revision, clip, prompt, dimension, value, scale, annotator, batch) VALUES
  (x'a43f660fbb3af701f9ccbb432fbd55cc', 0, 1, 1, 1, 3.0, 1, 1, 1),
  (x'a43f660fbb3af701f9ccbb432fbd55cc', 1, 1, 1, 1, 4.0, 1, 1, 2);
