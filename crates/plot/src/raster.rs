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
    pack(&pixels).map_err(|error| Error::Png(error.to_string()))
}

/// As PNG, without transparency where there is none, and well compressed: a third of what `tiny-skia` makes.
fn pack(pixels: &tiny_skia::Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let opaque = pixels.pixels().iter().all(tiny_skia::PremultipliedColorU8::is_opaque);
    let data: Vec<u8> = if opaque {
        pixels.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect()
    } else {
        let straight = pixels.pixels().iter().map(tiny_skia::PremultipliedColorU8::demultiply);
        straight.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]).collect()
    };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}
