import assert from 'node:assert/strict';
import { readPage } from '../../../lib/azure/list-blobs';

describe('a page of blobs', () => {
  it('gives the names of files and the marker', () => {
    const xml =
      '<?xml version="1.0"?><EnumerationResults><Blobs><Blob><Name>a/b &amp; c&#x41;</Name><Properties><Content-MD5>bQ==</Content-MD5><ResourceType>file</ResourceType></Properties></Blob>' +
      '<Blob><Name>a</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>' +
      '<Blob><Name Encoded="true">x%EF%BF%BF</Name></Blob></Blobs><NextMarker>m&amp;1</NextMarker></EnumerationResults>';
    assert.deepEqual(readPage(xml), {
      blobs: [
        { name: 'a/b & cA', md5: 'bQ==' },
        { name: 'x\uffff', md5: '' },
      ],
      marker: 'm&1',
    });
    assert.deepEqual(readPage('<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>'), {
      blobs: [],
      marker: '',
    });
  });
});
