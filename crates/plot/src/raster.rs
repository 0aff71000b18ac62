use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::Error;

/// Subsets of DejaVu Sans (licence and generator beside them), so that text looks the same on every machine.
const FONTS: [&[u8]; 2] =
    [include_bytes!("../assets/DejaVuSans.subset.ttf"), include_bytes!("../assets/DejaVuSans-Bold.subset.ttf")];

/// Turns an SVG document into a PNG of the document's size, with the bundled font and nothing from the machine.
///
/// # Errors
/// [`Error::Svg`] for a document that is not SVG, [`Error::Png`] when the pixels cannot be had or packed.
pub fn rasterise(svg: &str) -> Result<Vec<u8>, Error> {
    let mut fonts = usvg::fontdb::Database::new();
    for font in FONTS {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(font)));
    }
    let options =
        usvg::Options { font_family: "DejaVu Sans".to_owned(), fontdb: Arc::new(fonts), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| Error::Svg(Box::new(error)))?;
    let size = tree.size().to_int_size();
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| Error::Png(format!("no room for {} by {} pixels", size.width(), size.height())))?;
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Error::Png(error.to_string()))
}
